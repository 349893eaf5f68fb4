/**
 * Hexadecimal text.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

const DIGITS = '0123456789abcdef'

/** Bytes from which on a table pays; below, most texts are keys and hashes. */
const LONG_BYTES = 256

/** Lower-case hex, two digits a byte. */
export function bytesToHex(bytes: Uint8Array): string {
  if (bytes.length >= LONG_BYTES) return longBytesToHex(bytes)
  let hex = ''
  for (const byte of bytes) hex += DIGITS[byte >> 4]! + DIGITS[byte & 15]!
  return hex
}

/**
 * Bytes of hex text in either case; no prefix, no spaces.
 *
 * @throws CocoonError `ERR_ENCODING`.
 */
export function hexToBytes(hex: string): Uint8Array<ArrayBuffer> {
  if (hex.length % 2 !== 0) throw invalidHex()
  if (hex.length >= 2 * LONG_BYTES) return longHexToBytes(hex)
  const bytes = new Uint8Array(hex.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = (digit(hex.charCodeAt(index * 2)) << 4) | digit(hex.charCodeAt(index * 2 + 1))
  }
  return bytes
}

function digit(code: number): number {
  const value = digitOrNegative(code)
  if (value < 0) throw invalidHex()
  return value
}

function digitOrNegative(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Two ASCII digits of each byte as one 16-bit unit of the platform's own byte order. */
let pairs: Uint16Array | undefined

function longBytesToHex(bytes: Uint8Array): string {
  if (pairs === undefined) {
    const ascii = new Uint8Array(512)
    for (let byte = 0; byte < 256; byte++) {
      ascii[byte * 2] = DIGITS.charCodeAt(byte >> 4)
      ascii[byte * 2 + 1] = DIGITS.charCodeAt(byte & 15)
    }
    pairs = new Uint16Array(ascii.buffer)
  }
  const text = new Uint16Array(bytes.length)
  for (let index = 0; index < bytes.length; index++) text[index] = pairs[bytes[index]!]!
  return new TextDecoder().decode(text)
}

let values: Int8Array | undefined

function longHexToBytes(hex: string): Uint8Array<ArrayBuffer> {
  values ??= Int8Array.from({ length: 256 }, (_, code) => digitOrNegative(code))
  const ascii = new TextEncoder().encode(hex)
  // A text with anything but ASCII grows by being encoded.
  if (ascii.length !== hex.length) throw invalidHex()
  const bytes = new Uint8Array(hex.length / 2)
  let bad = 0
  for (let index = 0, at = 0; at < ascii.length; index++, at += 2) {
    const value = (values[ascii[at]!]! << 4) | values[ascii[at + 1]!]!
    bad |= value
    bytes[index] = value
  }
  if (bad < 0) throw invalidHex()
  return bytes
}

function invalidHex(): CocoonError {
  return new CocoonError('ERR_ENCODING', 'text is not hexadecimal', { phase: 'encoding' })
}
