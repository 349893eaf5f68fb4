/**
 * Payloads to frames.
 *
 * @module
 */
import {
  FRAME_HEADER_BYTES,
  frameError,
  MAX_FRAME_PAYLOAD_BYTES,
  MAX_FRAME_SEQNO,
  MIN_FRAME_PAYLOAD_BYTES
} from './limits.js'

/** One direction of one connection: numbers its frames from 0. */
export class FrameEncoder {
  #seqno = 0

  /** Number of the next frame. */
  get nextSeqno(): number {
    return this.#seqno
  }

  /**
   * The frame of a payload: u32 length, i32 sequence number, payload (copied).
   *
   * @param payload - 4…16,777,216 bytes.
   * @throws CocoonError `ERR_FRAME_SIZE` for another length, `ERR_FRAME_SEQNO` after 2³¹ frames. Nothing was numbered
   *   then, so the encoder can still be used for other payloads.
   */
  encode(payload: Uint8Array): Uint8Array<ArrayBuffer> {
    const length = payload.length
    if (length < MIN_FRAME_PAYLOAD_BYTES || length > MAX_FRAME_PAYLOAD_BYTES) {
      throw frameError('ERR_FRAME_SIZE', `a frame cannot carry ${length} bytes`)
    }
    if (this.#seqno > MAX_FRAME_SEQNO) throw frameError('ERR_FRAME_SEQNO', 'sequence numbers are used up')
    const frame = new Uint8Array(FRAME_HEADER_BYTES + length)
    const view = new DataView(frame.buffer)
    view.setUint32(0, length, true)
    view.setInt32(4, this.#seqno++, true)
    frame.set(payload, FRAME_HEADER_BYTES)
    return frame
  }
}
