/**
 * The usual ways in which bytes are written as text, for finding them in somebody else's text.
 *
 * @module
 */
import { encodeBase64 } from './base64.js'
import { bytesToHex } from './hex.js'
import { decodeUtf8 } from './utf8.js'

/** UTF-8 text, hex in both cases, base64 with and without padding and URL-safe, each at least `minLength` characters long. */
export function spellingsOf(bytes: Uint8Array, minLength: number): readonly string[] {
  const hex = bytesToHex(bytes)
  const base64 = encodeBase64(bytes)
  const unpadded = base64.replaceAll('=', '')
  const urlSafe = unpadded.replaceAll('+', '-').replaceAll('/', '_')
  const spellings = [decodeUtf8(bytes), hex, hex.toUpperCase(), base64, unpadded, urlSafe]
  return spellings.filter((spelling) => spelling.length >= minLength)
}
