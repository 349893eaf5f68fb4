/**
 * Hexadecimal text, a digit at a time: for keys and hashes. `long-hex.ts` takes texts of any length.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

/** In the order of their values. */
export const DIGITS: string = '0123456789abcdef'

/** Lower-case hex, two digits a byte. */
export function bytesToHex(bytes: Uint8Array): string {
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

/** Value of the digit with this character code; -1 for what is none. */
export function digitOrNegative(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** `ERR_ENCODING`. */
export function invalidHex(): CocoonError {
  return new CocoonError('ERR_ENCODING', 'text is not hexadecimal', { phase: 'encoding' })
}
