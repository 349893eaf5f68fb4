/**
 * Base64 (RFC 4648 §4) and its URL-safe alphabet (§5). Strict: no white space, no mixed alphabets, no stray bits.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import { decodeUtf8 } from './utf8.js'

/** Which form of base64. */
export interface Base64Options {
  /** `-` and `_` for `+` and `/`. Default `false`. */
  readonly urlSafe?: boolean | undefined
  /** Whether `=` fills the last group: written, and required when reading. Default: the opposite of `urlSafe`. */
  readonly padding?: boolean | undefined
}

const COMMON = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Base64 text of bytes. */
export function encodeBase64(bytes: Uint8Array, options: Base64Options = {}): string {
  const urlSafe = options.urlSafe ?? false
  const alphabet = COMMON + (urlSafe ? '-_' : '+/')
  const ascii = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(61)
  let out = 0
  for (let index = 0; index < bytes.length; index += 3) {
    const group = (bytes[index]! << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    const digits = Math.min(bytes.length - index, 3) + 1
    for (let at = 0; at < digits; at++) ascii[out + at] = alphabet.charCodeAt((group >> (18 - 6 * at)) & 63)
    out += 4
  }
  const length = Math.ceil((bytes.length * 4) / 3)
  return decodeUtf8((options.padding ?? !urlSafe) ? ascii : ascii.subarray(0, length))
}

/**
 * Bytes of base64 text.
 *
 * @throws CocoonError `ERR_ENCODING` for anything that {@link encodeBase64} with the same options would not write.
 */
export function decodeBase64(text: string, options: Base64Options = {}): Uint8Array<ArrayBuffer> {
  const urlSafe = options.urlSafe ?? false
  const digits = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)
  const expected = (options.padding ?? !urlSafe) ? Math.ceil(digits / 4) * 4 : digits
  if (text.length !== expected || digits % 4 === 1) throw invalidBase64()
  const bytes = new Uint8Array(Math.floor((digits * 3) / 4))
  let group = 0
  let bits = 0
  let out = 0
  for (let index = 0; index < digits; index++) {
    group = ((group << 6) | digitOf(text.charCodeAt(index), urlSafe)) & 0xffffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[out++] = group >> bits
    }
  }
  if ((group & ((1 << bits) - 1)) !== 0) throw invalidBase64()
  return bytes
}

function digitOf(code: number, urlSafe: boolean): number {
  if (code >= 97 && code <= 122) return code - 71
  if (code >= 65 && code <= 90) return code - 65
  if (code >= 48 && code <= 57) return code + 4
  if (code === (urlSafe ? 45 : 43)) return 62
  if (code === (urlSafe ? 95 : 47)) return 63
  throw invalidBase64()
}

function invalidBase64(): CocoonError {
  return new CocoonError('ERR_ENCODING', 'text is not base64', { phase: 'encoding' })
}
