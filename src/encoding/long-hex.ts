/**
 * Hexadecimal text of any length: from some length on by the platform's own functions (`Uint8Array.prototype.toHex`,
 * ECMAScript 2026) or, where it has none, by tables, in pieces that stay in the processor's cache
 * and in the engine's nursery: larger strings cost four times as much to make.
 *
 * @module
 */
import {
  bytesToHex as shortBytesToHex,
  digitOrNegative,
  DIGITS,
  hexToBytes as shortHexToBytes,
  invalidHex
} from './hex.js'

/** Bytes from which on a table pays; below, most texts are keys and hashes. */
const LONG_BYTES = 256
/** Bytes that are turned at once; even. */
const PIECE_BYTES = 32_768
/** Fills a half of four digits up. */
const ZERO_DIGIT = 0x30

interface NativeHex {
  toHex?(): string
  setFromHex?(hex: string): { readonly written: number }
}

/** Lower-case hex, two digits a byte. */
export function bytesToHex(bytes: Uint8Array): string {
  if (bytes.length < LONG_BYTES) return shortBytesToHex(bytes)
  return (bytes as NativeHex).toHex?.() ?? tableBytesToHex(bytes)
}

/**
 * Bytes of hex text in either case; no prefix, no spaces.
 *
 * @throws CocoonError `ERR_ENCODING`.
 */
export function hexToBytes(hex: string): Uint8Array<ArrayBuffer> {
  if (hex.length % 2 !== 0) throw invalidHex()
  const bytes = new Uint8Array(hex.length / 2)
  writeHex(hex, bytes)
  return bytes
}

/**
 * Writes the bytes of hex text to the beginning of an array, which is long enough for them.
 *
 * @throws CocoonError `ERR_ENCODING`; what was written until then stays.
 */
export function writeHex(hex: string, target: Uint8Array): void {
  if (hex.length % 2 !== 0 || hex.length < 2 * LONG_BYTES) return target.set(shortHexToBytes(hex))
  const { setFromHex } = target as NativeHex
  if (setFromHex === undefined) return tableWriteHex(hex, target)
  try {
    setFromHex.call(target, hex)
  } catch {
    throw invalidHex()
  }
}

/**
 * Tables by two bytes at once, four times faster than by one. Filled and read in the platform's own byte order, whatever
 * it is: 256 kB for writing, 128 kB for reading, made when the first long text needs them.
 */
let digitsOfPair: Uint32Array | undefined
let valueOfPair: Int16Array | undefined

/** As {@link bytesToHex}, where the platform has no function for it. */
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

/** As {@link writeHex}, where the platform has no function for it. */
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
