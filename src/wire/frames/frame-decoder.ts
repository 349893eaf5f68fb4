/**
 * Bytes to payloads, whatever pieces they come in.
 *
 * @module
 */
import type { CocoonError, ErrorCode } from '../../errors.js'
import {
  FRAME_HEADER_BYTES,
  frameError,
  MAX_FRAME_PAYLOAD_BYTES,
  MAX_FRAME_SEQNO,
  MIN_FRAME_PAYLOAD_BYTES
} from './limits.js'

/** Options of {@link FrameDecoder}. */
export interface FrameDecoderOptions {
  /** Longest payload accepted, bytes. Default and maximum 16,777,216. */
  readonly maxFrameBytes?: number | undefined
}

/** Least room of a buffer in which a frame is put together, bytes. */
const LEAST_CAPACITY_BYTES = 1024

const EMPTY = /* @__PURE__ */ new Uint8Array(0)

/**
 * One direction of one connection. Push what arrived, then take payloads until there is none:
 *
 * Chunks are taken over and not copied; only a frame that arrives in pieces is put together in a buffer of its own. No
 * byte is written twice, so that payloads given out stay as they are. Memory is at most three times what was pushed and
 * not yet taken, grows with what arrives and never with what a header promises; the work is linear in the bytes, also in
 * pieces of one byte. A frame is judged as soon as its 8 header bytes are there.
 *
 * After an error the decoder is dead: every later call throws the same error.
 *
 * @example
 * decoder.push(chunk)
 * for (let payload = decoder.next(); payload !== undefined; payload = decoder.next()) handle(payload)
 */
export class FrameDecoder {
  readonly #maxFrameBytes: number
  #buffer: Uint8Array = EMPTY
  #start = 0
  #end = 0
  #seqno = 0
  #failure: CocoonError | undefined
  /** Whether the room behind `#end` is ours to write. */
  #isOwn = false

  constructor(options: FrameDecoderOptions = {}) {
    this.#maxFrameBytes = Math.min(options.maxFrameBytes ?? MAX_FRAME_PAYLOAD_BYTES, MAX_FRAME_PAYLOAD_BYTES)
  }

  /** Bytes pushed that no returned payload or its header accounts for. */
  get bufferedBytes(): number {
    return this.#end - this.#start
  }

  /** Number that the next frame must carry. */
  get nextSeqno(): number {
    return this.#seqno
  }

  /** Takes over the next bytes of the stream: the array must not be changed any more. */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure
    const held = this.#end - this.#start
    if (held === 0) {
      // A platform's subclass would make subclasses of the payloads, with other methods and other copies.
      this.#buffer =
        chunk.constructor === Uint8Array ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      this.#start = 0
      this.#end = chunk.length
      this.#isOwn = false
      return
    }
    if (!this.#isOwn || this.#end + chunk.length > this.#buffer.length) this.#grow(held, chunk.length)
    this.#buffer.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /**
   * The next complete payload in order; `undefined` when more bytes are needed. It is a view that stays as it is, side by
   * side with others of the same chunk: do not change it, nor transfer `payload.buffer`; copy what is kept for long.
   *
   * @throws CocoonError `ERR_FRAME_SIZE` for a length below 4 or above the limit, `ERR_FRAME_SEQNO` for a number that is
   *   not the expected one.
   */
  next(): Uint8Array | undefined {
    if (this.#failure !== undefined) throw this.#failure
    const available = this.#end - this.#start
    if (available < 4) return undefined
    const length = this.#int32(this.#start) >>> 0
    if (length < MIN_FRAME_PAYLOAD_BYTES || length > this.#maxFrameBytes) {
      this.#fail('ERR_FRAME_SIZE', `frame ${this.#seqno} claims ${length} bytes`)
    }
    if (available < FRAME_HEADER_BYTES) return undefined
    const seqno = this.#int32(this.#start + 4)
    if (seqno !== this.#seqno || this.#seqno > MAX_FRAME_SEQNO) {
      this.#fail('ERR_FRAME_SEQNO', `frame number ${seqno} where ${this.#seqno} is due`)
    }
    if (available < FRAME_HEADER_BYTES + length) return undefined
    const at = this.#start + FRAME_HEADER_BYTES
    const payload = this.#buffer.subarray(at, at + length)
    this.#start = at + length
    this.#seqno++
    if (this.#start === this.#end) this.#drop()
    return payload
  }

  /**
   * Says that the stream ended.
   *
   * @throws CocoonError `ERR_FRAME_TRUNCATED` when it ended inside a frame.
   */
  finish(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.bufferedBytes > 0) this.#fail('ERR_FRAME_TRUNCATED', 'the stream ended inside a frame')
  }

  #int32(at: number): number {
    const buffer = this.#buffer
    return buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)
  }

  #drop(): void {
    this.#buffer = EMPTY
    this.#start = this.#end = 0
  }

  /** Moves what is held to a new buffer with room for `count` bytes, and for as many as are held: that keeps it linear. */
  #grow(held: number, count: number): void {
    const grown = new Uint8Array(Math.max(held + count, 2 * held, LEAST_CAPACITY_BYTES))
    grown.set(this.#buffer.subarray(this.#start, this.#end))
    this.#buffer = grown
    this.#isOwn = true
    this.#start = 0
    this.#end = held
  }

  #fail(code: ErrorCode, message: string): never {
    this.#failure = frameError(code, message)
    this.#drop()
    throw this.#failure
  }
}
