/**
 * Cuts a byte stream into units whose header says how long they are: records (RFC 8446 §5.1) and handshake messages (§4).
 * No I/O, no cryptography.
 *
 * @module
 */
import { abort } from './alerts.js'
import { MAX_HANDSHAKE_BYTES, MAX_RECORD_BODY, RECORD_HEADER } from './constants.js'

/** Bytes of a handshake message's header. */
export const MESSAGE_HEADER = 4

/**
 * Incremental splitter: linear, holds at most one unit plus the chunk that was pushed last, and copies only what straddles
 * two chunks. After an error it must not be used again.
 */
export class Splitter {
  readonly #headerBytes: number
  readonly #lengthOf: (header: Uint8Array) => number
  #chunk: Uint8Array = new Uint8Array(0)
  /** A unit whose beginning came in an earlier chunk: first its header alone, then all of it. */
  #unit = this.#chunk
  #filled = 0

  /** @param lengthOf - Length of a unit, header included, from bytes that begin with its header; throws when there is none. */
  constructor(headerBytes: number, lengthOf: (header: Uint8Array) => number) {
    this.#headerBytes = headerBytes
    this.#lengthOf = lengthOf
  }

  /** Bytes that wait, complete units and a partial one together. */
  get bufferedBytes(): number {
    return this.#filled + this.#chunk.length
  }

  /** Takes the next chunk; only when {@link next} returned `undefined`. The splitter keeps views of it. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk
  }

  /** The next complete unit. @throws TlsError what `lengthOf` throws, before anything of that length is allocated. */
  next(): Uint8Array | undefined {
    if (this.#filled === 0) {
      const chunk = this.#chunk
      if (chunk.length < this.#headerBytes) this.#unit = new Uint8Array(this.#headerBytes)
      else {
        const length = this.#lengthOf(chunk)
        if (length <= chunk.length) {
          this.#chunk = chunk.subarray(length)
          return chunk.subarray(0, length)
        }
        this.#unit = new Uint8Array(length)
      }
    }
    for (;;) {
      const unit = this.#unit
      const part = this.#chunk.subarray(0, unit.length - this.#filled)
      unit.set(part, this.#filled)
      this.#filled += part.length
      this.#chunk = this.#chunk.subarray(part.length)
      if (this.#filled < unit.length) return undefined
      const length = this.#lengthOf(unit)
      if (length === unit.length) {
        this.#filled = 0
        return unit
      }
      this.#unit = new Uint8Array(length)
      this.#unit.set(unit)
    }
  }
}

/** Splits into records. @throws TlsError `protocol_version` when the bytes are not TLS, `record_overflow`. */
export function createRecordSplitter(): Splitter {
  return new Splitter(RECORD_HEADER, (header) => {
    // The minor version is ignored as RFC 8446 §5.1 asks; a wrong major version means that this is not TLS at all.
    if (header[1] !== 3) abort('protocol_version', 'not TLS')
    const length = (header[3]! << 8) | header[4]!
    if (length > MAX_RECORD_BODY) abort('record_overflow', 'record')
    return RECORD_HEADER + length
  })
}

/** Splits record contents into handshake messages. @throws TlsError `illegal_parameter` for one that is too long. */
export function createMessageSplitter(): Splitter {
  return new Splitter(MESSAGE_HEADER, (header) => {
    const length = (header[1]! << 16) | (header[2]! << 8) | header[3]!
    if (length > MAX_HANDSHAKE_BYTES) abort('illegal_parameter', 'message length')
    return MESSAGE_HEADER + length
  })
}
