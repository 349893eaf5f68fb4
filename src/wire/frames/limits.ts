/**
 * Constants of the framing and its errors (protocol/wire.md §4).
 *
 * @module
 */
import { CocoonError, type ErrorCode } from '../../errors.js'

/** Bytes before a payload: u32 length of the payload, i32 sequence number, both little-endian. */
export const FRAME_HEADER_BYTES = 8

/** Shortest payload: one constructor id. */
export const MIN_FRAME_PAYLOAD_BYTES = 4

/** Longest payload, 16 MiB inclusive. */
export const MAX_FRAME_PAYLOAD_BYTES: number = 2 ** 24

/** Highest sequence number: an i32. */
export const MAX_FRAME_SEQNO: number = 2 ** 31 - 1

export function frameError(code: ErrorCode, message: string): CocoonError {
  return new CocoonError(code, message, { phase: 'encoding' })
}
