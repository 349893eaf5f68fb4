/**
 * Cuts a byte stream into records (RFC 8446 §5.1). No I/O, no cryptography; holds at most one record plus the chunk that
 * was pushed last, and copies only what straddles two chunks.
 *
 * @module
 */
import { abort } from './alerts.js'
import { MAX_RECORD_BODY, RECORD_HEADER } from './constants.js'

/** One record as it is on the wire; both parts are views. */
export interface WireRecord {
  readonly type: number
  /** `type u8 · legacy version u16 · length u16`. */
  readonly header: Uint8Array
  readonly body: Uint8Array
}

/** Incremental splitter. After an error it must not be used again. */
export class RecordSplitter {
  #chunk: Uint8Array = new Uint8Array(0)
  /** A record whose beginning came in an earlier chunk; its first five bytes are the header. */
  #partial: Uint8Array | undefined
  #filled = 0

  /** Bytes that wait, complete records and a partial one together. */
  get bufferedBytes(): number {
    return this.#filled + this.#chunk.length
  }

  /** Takes the next chunk; only when {@link next} returned `undefined`. The splitter keeps views of it. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk
  }

  /**
   * The next complete record.
   *
   * @throws TlsError `protocol_version` when the bytes are not TLS, `record_overflow` when a record is too long.
   */
  next(): WireRecord | undefined {
    if (this.#partial === undefined) {
      const record = this.#takeWhole()
      if (record !== undefined) return record
      if (this.#chunk.length === 0) return undefined
      this.#partial = new Uint8Array(RECORD_HEADER)
    }
    return this.#fillPartial()
  }

  /** The fast path: a record that lies in the chunk as a whole. */
  #takeWhole(): WireRecord | undefined {
    const chunk = this.#chunk
    if (chunk.length < RECORD_HEADER) return undefined
    const end = RECORD_HEADER + bodyLength(chunk)
    if (chunk.length < end) return undefined
    this.#chunk = chunk.subarray(end)
    return toRecord(chunk.subarray(0, end))
  }

  #fillPartial(): WireRecord | undefined {
    for (;;) {
      const partial = this.#partial!
      const taken = Math.min(partial.length - this.#filled, this.#chunk.length)
      partial.set(this.#chunk.subarray(0, taken), this.#filled)
      this.#filled += taken
      this.#chunk = this.#chunk.subarray(taken)
      if (this.#filled < partial.length) return undefined
      const end = RECORD_HEADER + bodyLength(partial)
      if (partial.length === end) {
        this.#partial = undefined
        this.#filled = 0
        return toRecord(partial)
      }
      this.#partial = new Uint8Array(end)
      this.#partial.set(partial)
    }
  }
}

function bodyLength(bytes: Uint8Array): number {
  // The minor version is ignored as RFC 8446 §5.1 asks; a wrong major version means that this is not TLS at all.
  if (bytes[1] !== 3) abort('protocol_version', 'the peer does not speak TLS')
  const length = (bytes[3]! << 8) | bytes[4]!
  if (length > MAX_RECORD_BODY) abort('record_overflow', 'record is too long')
  return length
}

function toRecord(bytes: Uint8Array): WireRecord {
  return { type: bytes[0]!, header: bytes.subarray(0, RECORD_HEADER), body: bytes.subarray(RECORD_HEADER) }
}
