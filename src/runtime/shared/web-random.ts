/**
 * Secure randomness through WebCrypto, which every runtime has.
 *
 * @module
 */
import type { Random } from '../ports/clock.js'

/** Most bytes that one call of `getRandomValues` gives. */
const LARGEST_DRAW_BYTES = 65_536

/** The platform's secure generator. */
export const webRandom: Random = {
  bytes(length) {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; at += LARGEST_DRAW_BYTES) {
      crypto.getRandomValues(out.subarray(at, at + LARGEST_DRAW_BYTES))
    }
    return out
  }
}
