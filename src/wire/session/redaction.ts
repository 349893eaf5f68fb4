/**
 * Cuts our secret out of what a peer wrote: an error text may quote anything that the peer was given.
 *
 * @module
 */
import { bytesToHex, decodeUtf8, encodeBase64 } from '../../encoding/index.js'
import { PEER_TEXT_LIMIT } from '../../errors.js'

/** Shorter spellings of a secret would cut innocent text to pieces. */
const MIN_SPELLING_LENGTH = 4

/** Makes a peer's text fit for an error. */
export type Redact = (peerText: string) => string

/** A function that removes the usual spellings of `secret` (text, hex, base64) and bounds the length. */
export function createRedact(secret: Uint8Array | undefined): Redact {
  if (secret === undefined || secret.length === 0) return bound
  const hex = bytesToHex(secret)
  const base64 = encodeBase64(secret)
  const urlSafe = base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  const spellings = [decodeUtf8(secret), hex, hex.toUpperCase(), base64, base64.replaceAll('=', ''), urlSafe].filter(
    (spelling) => spelling.length >= MIN_SPELLING_LENGTH
  )
  return (peerText) => spellings.reduce((text, spelling) => text.replaceAll(spelling, '[removed]'), bound(peerText))
}

function bound(text: string): string {
  return text.slice(0, 2 * PEER_TEXT_LIMIT)
}
