/**
 * Long hexadecimal text by tables, for platforms that have no functions for it: in pieces that stay in the processor's cache
 * and in the engine's nursery, since larger strings cost four times as much to make.
 *
 * @module
 */
import { digitOrNegative, DIGITS, invalidHex } from './hex.js'

/** Bytes that are turned at once; even. */
const PIECE_BYTES = 32_768
/** Fills a half of four digits up. */
const ZERO_DIGIT = 0x30

/**
 * Tables by two bytes at once, four times faster than by one. Filled and read in the platform's own byte order, whatever
 * it is: 256 kB for writing, 128 kB for reading, made when the first long text needs them.
 */
let digitsOfPair: Uint32Array | undefined
let valueOfPair: Int16Array | undefined

/** Lower-case hex, two digits a byte. */
export function tableBytesToHex(bytes: Uint8Array): string {
  digitsOfPair ??= makeDigitTable()
  const decoder = new TextDecoder()
  const text = new Uint32Array(PIECE_BYTES / 2)
  const pairs = new Uint16Array(PIECE_BYTES / 2)
  const [textBytes, pairBytes] = [new Uint8Array(text.buffer), new Uint8Array(pairs.buffer)]
  let hex = ''
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES)
    pairBytes.set(piece)
    for (let index = 0; index < piece.length / 2; index++) text[index] = digitsOfPair[pairs[index]!]!
    hex += decoder.decode(textBytes.subarray(0, piece.length * 2))
  }
  return hex
}

/** Writes the bytes of hex text, an even number of digits, to the beginning of an array. @throws CocoonError `ERR_ENCODING`. */
export function tableWriteHex(hex: string, target: Uint8Array): void {
  valueOfPair ??= makeValueTable()
  const encoder = new TextEncoder()
  const ascii = new Uint8Array(2 * PIECE_BYTES)
  const quads = new Uint32Array(ascii.buffer)
  const values = new Uint16Array(PIECE_BYTES / 2)
  const bytes = new Uint8Array(values.buffer)
  let bad = 0
  for (let at = 0; at < hex.length; at += ascii.length) {
    const piece = hex.slice(at, at + ascii.length)
    // A text with anything but ASCII has more bytes than characters, and does not fit.
    if (encoder.encodeInto(piece, ascii.subarray(0, piece.length)).read !== piece.length) throw invalidHex()
    ascii.fill(ZERO_DIGIT, piece.length, piece.length + 2)
    for (let index = 0; index < piece.length / 4; index++) {
      const quad = quads[index]!
      // In the platform's own byte order whichever it is: what stands first is read from where it is written to.
      const value = valueOfPair[quad & 0xffff]! | (valueOfPair[quad >>> 16]! << 8)
      bad |= value
      values[index] = value
    }
    target.set(bytes.subarray(0, piece.length / 2), at / 2)
  }
  if (bad < 0) throw invalidHex()
}

function makeDigitTable(): Uint32Array {
  const keys = new Uint8Array(2)
  const key = new Uint16Array(keys.buffer)
  const table = new Uint32Array(0x10000)
  const ascii = new Uint8Array(table.buffer)
  for (let value = 0; value < 0x10000; value++) {
    keys[0] = value >> 8
    keys[1] = value
    const at = key[0]! * 4
    for (let digit = 0; digit < 4; digit++) ascii[at + digit] = DIGITS.charCodeAt((value >> (12 - 4 * digit)) & 15)
  }
  return table
}

function makeValueTable(): Int16Array {
  const keys = new Uint8Array(2)
  const key = new Uint16Array(keys.buffer)
  const table = new Int16Array(0x10000)
  for (let value = 0; value < 0x10000; value++) {
    keys[0] = value >> 8
    keys[1] = value
    table[key[0]!] = (digitOrNegative(keys[0]) << 4) | digitOrNegative(keys[1])
  }
  return table
}
