/**
 * Bytes to payloads, whatever pieces they come in.
 *
 * @module
 */
import type { CocoonError, ErrorCode } from '../../errors.js'
import { FRAME_HEADER_BYTES, frameError, MAX_FRAME_PAYLOAD_BYTES, MAX_FRAME_SEQNO, MIN_FRAME_PAYLOAD_BYTES } from './limits.js'

/** Options of {@link FrameDecoder}. */
export interface FrameDecoderOptions {
  /** Longest payload accepted, bytes. Default and maximum 16,777,216. */
  readonly maxFrameBytes?: number | undefined
}

/** Small payloads share slabs of this many bytes: an ArrayBuffer for each would cost more than the copy. */
const SLAB_BYTES = 16_384
const LARGEST_IN_SLAB_BYTES = 2048

/** Room kept between frames, bytes: what an idle connection may hold. */
const IDLE_CAPACITY_BYTES = 65_536

/**
 * One direction of one connection. Push what arrived, then take payloads until there is none:
 *
 * Memory is at most twice what was pushed and not yet taken, grows with what arrives and never with what a header
 * promises; the work is linear in the bytes, also in pieces of one byte. A frame is judged as soon as its 8 header bytes
 * are there.
 *
 * After an error the decoder is dead: every later call throws the same error.
 *
 * @example
 * decoder.push(chunk)
 * for (let payload = decoder.next(); payload !== undefined; payload = decoder.next()) handle(payload)
 */
export class FrameDecoder {
  readonly #maxFrameBytes: number
  #buffer = new Uint8Array(0)
  #start = 0
  #end = 0
  #seqno = 0
  #failure: CocoonError | undefined
  #slab = new Uint8Array(0)
  #slabUsed = 0

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

  /** Takes in the next bytes of the stream (copied). */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure
    this.#makeRoom(chunk.length)
    this.#buffer.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /**
   * The next complete payload in order; `undefined` when more bytes are needed. It is a copy whose bytes the caller owns,
   * but small ones stand side by side in one ArrayBuffer of 16 KiB: do not transfer or read `payload.buffer`.
   *
   * @throws CocoonError `ERR_FRAME_SIZE` for a length below 4 or above the limit, `ERR_FRAME_SEQNO` for a number that is
   *   not the expected one.
   */
  next(): Uint8Array<ArrayBuffer> | undefined {
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
    const payload = this.#copy(at, length)
    this.#start = at + length
    this.#seqno++
    if (this.#start === this.#end) this.#rewind()
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

  #copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    if (length > LARGEST_IN_SLAB_BYTES) return this.#buffer.slice(at, at + length)
    if (this.#slabUsed + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES)
      this.#slabUsed = 0
    }
    const start = this.#slabUsed
    this.#slabUsed = start + length
    this.#slab.set(this.#buffer.subarray(at, at + length), start)
    return this.#slab.subarray(start, this.#slabUsed)
  }

  #int32(at: number): number {
    const buffer = this.#buffer
    return buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)
  }

  #rewind(): void {
    this.#start = this.#end = 0
    if (this.#buffer.length > IDLE_CAPACITY_BYTES) this.#buffer = new Uint8Array(0)
  }

  /** Moves or grows so that `count` bytes fit. Moving waits until half of the room is free, which keeps it linear. */
  #makeRoom(count: number): void {
    const capacity = this.#buffer.length
    if (this.#end + count <= capacity) return
    const held = this.#end - this.#start
    if (held + count <= capacity && this.#start >= capacity / 2) {
      this.#buffer.copyWithin(0, this.#start, this.#end)
    } else {
      const grown = new Uint8Array(Math.max(held + count, Math.min(2 * capacity, 2 * held + 1024)))
      grown.set(this.#buffer.subarray(this.#start, this.#end))
      this.#buffer = grown
    }
    this.#start = 0
    this.#end = held
  }

  #fail(code: ErrorCode, message: string): never {
    this.#failure = frameError(code, message)
    this.#buffer = new Uint8Array(0)
    this.#start = this.#end = 0
    throw this.#failure
  }
}
