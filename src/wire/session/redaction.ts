/**
 * Cuts our secret out of what a peer wrote: an error text may quote anything that the peer was given.
 *
 * @module
 */
import { spellingsOf } from '../../encoding/index.js'
import { PEER_TEXT_LIMIT } from '../../errors.js'

/** Shorter spellings of a secret would cut innocent text to pieces. */
const MIN_SPELLING_LENGTH = 4

/** Longest text that is looked through, UTF-16 code units. */
const LOOKED_AT = 2 * PEER_TEXT_LIMIT

/** Makes a peer's text fit for an error. */
export type Redact = (peerText: string) => string

/** A function that removes the usual spellings of `secret` (text, hex, base64) and bounds the length. */
export function createRedact(secret: Uint8Array | undefined): Redact {
  const spellings = secret === undefined ? [] : spellingsOf(secret, MIN_SPELLING_LENGTH)
  const longest = Math.max(0, ...spellings.map((spelling) => spelling.length))
  return (peerText) => {
    const looked = spellings.reduce(
      (text, spelling) => text.replaceAll(spelling, '[removed]'),
      peerText.slice(0, LOOKED_AT)
    )
    // A spelling that the cut went through is not found; its beginning goes with the end of the text.
    return peerText.length > LOOKED_AT && longest > 0 ? looked.slice(0, 1 - longest || undefined) : looked
  }
}
