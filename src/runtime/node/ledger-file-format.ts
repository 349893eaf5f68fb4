/**
 * Bytes of a ledger file. Pure.
 *
 * Shape of a log: `"COKL" · u32le CRC-32 of what follows · u64le bytes · u64le records` of the archive that belongs to it,
 * then frames. A frame is what one append stored (a megabyte of it at most): `u32le length · u32le CRC-32 of the length ·
 * u32le CRC-32 of the body · body`, its body `(u32le length · record)*`. It is whole or was never promised. An archive is frames alone.
 *
 * @module
 */
import { crc32 } from 'node:zlib'
import { CocoonError } from '../../errors.js'

const MAGIC = 0x4c_4b_4f_43
/** Bytes of the head of a log. */
export const HEAD_BYTES = 24
const FRAME_HEAD_BYTES = 12
const LENGTH_BYTES = 4
const MAX_RECORD_BYTES = 1_048_576
const HOLE_BYTES = 8
/** A frame that holds more than one record is not longer than this, except by its last record. */
const FRAME_TARGET_BYTES = 1_048_576
const MAX_FRAME_BYTES = FRAME_TARGET_BYTES + MAX_RECORD_BYTES + LENGTH_BYTES
/** A piece of this length, taken where a frame begins, holds it whole. */
export const PIECE_BYTES: number = MAX_FRAME_BYTES + FRAME_HEAD_BYTES

/** A file that cannot be what was stored. */
export function damaged(why: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_LEDGER', `the ledger file is damaged: ${why}`, { phase: 'ledger', cause })
}

/** How much of the archive belongs to a log. */
export interface ArchiveExtent {
  readonly bytes: number
  readonly records: number
}

/** The head of a log. */
export function encodeHead({ bytes, records }: ArchiveExtent): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint32(0, MAGIC, true)
  view.setBigUint64(8, BigInt(bytes), true)
  view.setBigUint64(16, BigInt(records), true)
  view.setUint32(4, crc32(head.subarray(8)), true)
  return head
}

/**
 * Reads the head of a log from its first bytes; `undefined` while nothing whole was written.
 *
 * @throws CocoonError `ERR_LEDGER`.
 */
export function decodeHead(start: Uint8Array): ArchiveExtent | undefined {
  // Zeros: the length of the file reached the disk, its bytes did not.
  if (start.every((byte) => byte === 0)) return undefined
  const magic = new Uint8Array(4)
  new DataView(magic.buffer).setUint32(0, MAGIC, true)
  if (magic.some((byte, index) => index < start.length && start[index] !== byte))
    throw damaged('it does not begin like a ledger')
  if (start.length < HEAD_BYTES) return undefined
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
  if (crc32(start.subarray(8, HEAD_BYTES)) !== view.getUint32(4, true)) throw damaged('its head is wrong')
  return { bytes: Number(view.getBigUint64(8, true)), records: Number(view.getBigUint64(16, true)) }
}

/** A frame with the number of records in it. */
export interface Frame {
  readonly bytes: Uint8Array
  readonly records: number
}

/** Frames that hold these records; nearly always one. @throws CocoonError `ERR_LEDGER` for a record that is empty or too large. */
export function encodeFrames(records: readonly Uint8Array[]): readonly Frame[] {
  const groups: { records: Uint8Array[]; bytes: number }[] = []
  for (const record of records) {
    if (record.length === 0 || record.length > MAX_RECORD_BYTES)
      throw new CocoonError('ERR_LEDGER', 'a record is empty or too large', { phase: 'ledger' })
    let group = groups.at(-1)
    if (group === undefined || group.bytes > FRAME_TARGET_BYTES) groups.push((group = { records: [], bytes: 0 }))
    group.records.push(record)
    group.bytes += LENGTH_BYTES + record.length
  }
  return groups.map((group) => ({ bytes: encodeFrame(group.records, group.bytes), records: group.records.length }))
}

function encodeFrame(records: readonly Uint8Array[], bodyBytes: number): Uint8Array {
  const frame = new Uint8Array(FRAME_HEAD_BYTES + bodyBytes)
  const view = new DataView(frame.buffer)
  let at = FRAME_HEAD_BYTES
  for (const record of records) {
    view.setUint32(at, record.length, true)
    frame.set(record, at + LENGTH_BYTES)
    at += LENGTH_BYTES + record.length
  }
  view.setUint32(0, bodyBytes, true)
  view.setUint32(4, crc32(frame.subarray(0, 4)), true)
  view.setUint32(8, crc32(frame.subarray(FRAME_HEAD_BYTES)), true)
  return frame
}

/** Whole frames of a piece. */
export interface Scan {
  readonly records: readonly Uint8Array[]
  /** Their length, from where the piece begins. */
  readonly bytes: number
}

/**
 * Whole frames of a piece that begins with one. At the end of the file a frame that was cut is left, and one of which parts
 * never reached the disk, since nobody was told that it is stored. Anything else that is wrong is damage: to believe that
 * it was never promised could let a cap be exceeded.
 *
 * @param isEnd - Whether the file ends with this piece.
 * @throws CocoonError `ERR_LEDGER`.
 */
export function scanFrames(piece: Uint8Array, isEnd: boolean): Scan {
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength)
  const records: Uint8Array[] = []
  let offset = 0
  while (piece.length - offset >= FRAME_HEAD_BYTES) {
    const length = view.getUint32(offset, true)
    const start = offset + FRAME_HEAD_BYTES
    const end = start + length
    if (crc32(piece.subarray(offset, offset + 4)) !== view.getUint32(offset + 4, true) || length === 0) {
      if (isEnd && piece.subarray(start).every((byte) => byte === 0)) break
      throw damaged('a length is wrong')
    }
    if (length > MAX_FRAME_BYTES) throw damaged('a length is impossible')
    if (end > piece.length) break
    const body = piece.subarray(start, end)
    if (crc32(body) !== view.getUint32(offset + 8, true)) {
      if (isEnd && end === piece.length && hasHole(body)) break
      throw damaged('a checksum is wrong')
    }
    splitFrame(body, records)
    offset = end
  }
  return { records, bytes: offset }
}

/** Zeros where text would be: a block of the file that was never written. Lengths have three in a row at most. */
function hasHole(body: Uint8Array): boolean {
  let zeros = 0
  for (const byte of body) {
    zeros = byte === 0 ? zeros + 1 : 0
    if (zeros === HOLE_BYTES) return true
  }
  return zeros > 0
}

function splitFrame(body: Uint8Array, records: Uint8Array[]): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  for (let at = 0; at < body.length;) {
    const length = body.length - at < LENGTH_BYTES ? 0 : view.getUint32(at, true)
    const end = at + LENGTH_BYTES + length
    if (length === 0 || end > body.length) throw damaged('a record length is impossible')
    records.push(body.slice(at + LENGTH_BYTES, end))
    at = end
  }
}
