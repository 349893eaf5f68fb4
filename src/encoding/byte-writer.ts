/**
 * Growing writer, the counterpart of `ByteReader`. Amortised linear.
 *
 * @module
 */

/** Writes numbers and bytes in order. Numbers are truncated to their width: range checks are the caller's. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  /** @param capacity - Bytes reserved at first. Default 128. */
  constructor(capacity = 128) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Bytes written. */
  get length(): number {
    return this.#length
  }

  /** Makes room and moves on. May replace the buffer, so call it before touching `#bytes` or `#view`. */
  #reserve(count: number): number {
    const at = this.#length
    const needed = at + count
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, at))
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#length = needed
    return at
  }

  u8(value: number): this {
    const at = this.#reserve(1)
    this.#view.setUint8(at, value)
    return this
  }

  u32le(value: number): this {
    const at = this.#reserve(4)
    this.#view.setUint32(at, value, true)
    return this
  }

  i32le(value: number): this {
    return this.u32le(value)
  }

  i64le(value: bigint): this {
    const at = this.#reserve(8)
    this.#view.setBigInt64(at, value, true)
    return this
  }

  f64le(value: number): this {
    const at = this.#reserve(8)
    this.#view.setFloat64(at, value, true)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length)
    this.#bytes.set(value, at)
    return this
  }

  /** `count` zero bytes. */
  zeros(count: number): this {
    this.#reserve(count)
    return this
  }

  /** What was written. The writer must not be used afterwards: the array may be its own. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length)
  }
}
