/**
 * Bounded reader over bytes: every read checks what is left before it touches or allocates anything.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

/** Makes the error that a failed read throws. `message` is ours and holds no input. */
export type ReadErrorFactory = (message: string, offset: number) => CocoonError

const encodingError: ReadErrorFactory = (message, offset) =>
  new CocoonError('ERR_ENCODING', `${message} at byte ${offset}`, { phase: 'encoding' })

/**
 * Reads numbers and slices in order. `le` is little-endian, `be` big-endian. What {@link take} returns is a view: it
 * shares memory with the input.
 *
 * A read beyond the end throws what `error` makes (default: `CocoonError` `ERR_ENCODING`) and moves nothing.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #error: ReadErrorFactory
  #view: DataView | undefined
  #offset = 0

  constructor(bytes: Uint8Array, error: ReadErrorFactory = encodingError) {
    this.#bytes = bytes
    this.#error = error
  }

  /** Bytes consumed. */
  get offset(): number {
    return this.#offset
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** The reader's error, for a caller that found the value wrong. */
  fail(message: string): never {
    throw this.#error(message, this.#offset)
  }

  #advance(length: number): number {
    const at = this.#offset
    if (length > this.#bytes.length - at) this.fail('not enough data')
    this.#offset = at + length
    return at
  }

  #data(): DataView {
    return (this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength))
  }

  u8(): number {
    return this.#bytes[this.#advance(1)]!
  }

  u16le(): number {
    const at = this.#advance(2)
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8)
  }

  u16be(): number {
    const at = this.#advance(2)
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!
  }

  u24be(): number {
    return (this.u8() << 16) | this.u16be()
  }

  i32le(): number {
    const at = this.#advance(4)
    const bytes = this.#bytes
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  }

  u32le(): number {
    return this.i32le() >>> 0
  }

  u32be(): number {
    return this.#data().getUint32(this.#advance(4))
  }

  i64le(): bigint {
    return this.#data().getBigInt64(this.#advance(8), true)
  }

  f64le(): number {
    return this.#data().getFloat64(this.#advance(8), true)
  }

  /** The next `length` bytes as a view of the input. */
  take(length: number): Uint8Array {
    if (!(length >= 0)) this.fail('negative length')
    const at = this.#advance(length)
    return this.#bytes.subarray(at, at + length)
  }

  /** Passes over `length` bytes. */
  skip(length: number): void {
    if (!(length >= 0)) this.fail('negative length')
    this.#advance(length)
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.remaining !== 0) this.fail('trailing bytes')
  }
}
