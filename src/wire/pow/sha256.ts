/**
 * SHA-256 (FIPS 180-4) of one message block, as the proof of work needs it: small, and in parts that the preparation of
 * the vector search shares. The searches that have to be fast are elsewhere.
 *
 * @module
 */
export { INITIAL_STATE, ROUND_CONSTANTS, runRounds, scheduleWord } from '../../encoding/sha-256/index.js'

/** Words of the message in front of the padding: four of salt, low and high half of the nonce. */
export const MESSAGE_WORDS = 6
/** Which of them the search counts through. */
export const NONCE_WORD = 4

/** A block of 64 words with the message in front and its padding behind; what follows is for {@link scheduleWord}. */
export function messageBlock(message: Int32Array): Int32Array {
  const words = new Int32Array(64)
  words.set(message)
  words[MESSAGE_WORDS] = 1 << 31
  words[15] = MESSAGE_WORDS * 32
  return words
}

/** Reverses the bytes of a 32-bit word. */
export function swapBytes(x: number): number {
  return (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24)
}
