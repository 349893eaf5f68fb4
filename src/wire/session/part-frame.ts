/**
 * The fast path of the receiver: all parts of an answer but the last come as `tcp.packet` around `client.queryAnswerPartEx`
 * without `final_info`, and of such a frame only two positions matter. Whatever looks different in any way goes to the
 * strict decoder, which says what is wrong with it.
 *
 * @module
 */
import { TL_IDS } from '../../encoding/tl/index.js'
import { REQUEST_ID_BYTES } from './request-id.js'

/** Where the request id and the body bytes stand in a frame's payload. */
export interface PartPosition {
  idAt: number
  dataAt: number
  dataEnd: number
}

/** Shape: `packet:u32 data:bytes[ partEx:u32 request_id:int256 answer:bytes flags:u32 = 0 ]`. One object is reused. */
export class PartFrameReader implements PartPosition {
  idAt = 0
  dataAt = 0
  dataEnd = 0

  /** Finds the positions. @returns whether the frame is a part of this form, to its last byte. */
  read(frame: Uint8Array): boolean {
    if (uint32At(frame, 0) !== TL_IDS['tcp.packet'] || !this.#bytesAt(frame, 4, frame.length)) return false
    const end = this.dataEnd
    const at = this.dataAt
    if (uint32At(frame, at) !== TL_IDS['client.queryAnswerPartEx']) return false
    this.idAt = at + 4
    return this.#bytesAt(frame, at + 4 + REQUEST_ID_BYTES, end - 4) && uint32At(frame, end - 4) === 0
  }

  /** TL `bytes` (wire.md §6) that end, with their padding, exactly at `end`. */
  #bytesAt(frame: Uint8Array, at: number, end: number): boolean {
    const first = frame[at]!
    const isLong = first === 254
    const length = isLong ? frame[at + 1]! | (frame[at + 2]! << 8) | (frame[at + 3]! << 16) : first
    this.dataAt = at + (isLong ? 4 : 1)
    this.dataEnd = this.dataAt + length
    return first < 255 && this.dataEnd <= end && ((this.dataEnd - at + 3) & ~3) + at === end
  }
}

function uint32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}
