/**
 * Puts handshake messages together from record contents (RFC 8446 §5.1: messages may be split and joined at will).
 *
 * @module
 */
import { abort } from './alerts.js'
import { MAX_HANDSHAKE_BYTES } from './constants.js'

const MESSAGE_HEADER = 4

/** One handshake message. */
export interface HandshakeMessage {
  readonly type: number
  /** Header and body: what the transcript covers. */
  readonly raw: Uint8Array
  readonly body: Uint8Array
}

/** Incremental, linear, bounded by {@link MAX_HANDSHAKE_BYTES}. */
export class MessageAssembler {
  readonly #complete: HandshakeMessage[] = []
  #partial: Uint8Array = new Uint8Array(MESSAGE_HEADER)
  #filled = 0
  #totalBytes = 0

  /** Whether no message is waiting, not even a part of one: the condition for changing keys (RFC 8446 §5.1). */
  get isEmpty(): boolean {
    return this.#filled === 0 && this.#complete.length === 0
  }

  /** Whether a message has begun and not ended. */
  get isInsideMessage(): boolean {
    return this.#filled > 0
  }

  /** Starts counting bytes anew; called when the handshake is over. */
  resetLimit(): void {
    this.#totalBytes = 0
  }

  /** Takes the content of one handshake record. @throws TlsError `illegal_parameter` beyond the limit. */
  push(content: Uint8Array): void {
    this.#totalBytes += content.length
    if (this.#totalBytes > MAX_HANDSHAKE_BYTES) abort('illegal_parameter', 'the handshake is too long')
    for (let rest = content; rest.length > 0;) {
      const taken = Math.min(this.#partial.length - this.#filled, rest.length)
      this.#partial.set(rest.subarray(0, taken), this.#filled)
      this.#filled += taken
      rest = rest.subarray(taken)
      if (this.#filled === MESSAGE_HEADER && this.#partial.length === MESSAGE_HEADER) this.#allocate()
      if (this.#filled === this.#partial.length) this.#finish()
    }
  }

  /** The next complete message. */
  next(): HandshakeMessage | undefined {
    return this.#complete.shift()
  }

  #allocate(): void {
    const header = this.#partial
    const length = (header[1]! << 16) | (header[2]! << 8) | header[3]!
    if (length > MAX_HANDSHAKE_BYTES) abort('illegal_parameter', 'a handshake message is too long')
    this.#partial = new Uint8Array(MESSAGE_HEADER + length)
    this.#partial.set(header)
  }

  #finish(): void {
    const raw = this.#partial
    this.#complete.push({ type: raw[0]!, raw, body: raw.subarray(MESSAGE_HEADER) })
    this.#partial = new Uint8Array(MESSAGE_HEADER)
    this.#filled = 0
  }
}
