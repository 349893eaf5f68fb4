/**
 * Hexadecimal text.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

const DIGITS = '0123456789abcdef'

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
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  if (lower >= 97 && lower <= 102) return lower - 87
  throw invalidHex()
}

function invalidHex(): CocoonError {
  return new CocoonError('ERR_ENCODING', 'text is not hexadecimal', { phase: 'encoding' })
}
