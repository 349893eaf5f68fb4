/**
 * The rule of the proof of work (protocol/wire.md §2.2): SHA-256 of salt ‖ nonce, whose first 8 bytes, read as a
 * **little-endian** number, must begin with enough zero bits.
 *
 * @module
 */
import { ByteReader } from '../../encoding/index.js'
import { checkPowChallenge, type PowChallenge } from './challenge.js'
import { INITIAL_STATE, MESSAGE_WORDS, messageBlock, NONCE_WORD, runRounds, scheduleWord, swapBytes } from './sha256.js'

/** More zero bits than the rule can count: no nonce has them. */
export const MAX_POW_BITS = 64

const TWO_32 = 2 ** 32

/**
 * Hashes the message with `count` consecutive low halves of the nonce from `first` on, which wraps at 2³².
 *
 * @param message - The first six words as SHA-256 reads them; that of the low half is ignored.
 * @returns How many nonces came before the first whose digest word 1 has no bit of `mask`; −1 without one.
 */
export type SearchNonces = (message: Int32Array, first: number, count: number, mask: number) => number

/** Tests nonces of one challenge. */
export class NonceSearch {
  /** The six words of the message for nonces of the high half that `run` was last given. */
  readonly message: Int32Array = new Int32Array(MESSAGE_WORDS)
  /** Bits that digest word 1 must not have: the rule for up to 32 bits. */
  readonly mask: number
  /** Does the hashing. Faster ones can take its place at any time. */
  searchNonces: SearchNonces = searchPlainly
  readonly #bits: number

  constructor(challenge: PowChallenge) {
    const reader = new ByteReader(checkPowChallenge(challenge).salt)
    for (let index = 0; index < 4; index++) this.message[index] = reader.u32be()
    this.#bits = challenge.difficultyBits
    // The rule reads digest word 1 with its bytes reversed, so the mask is reversed instead, once.
    this.mask = swapBytes(this.#bits <= 0 ? 0 : this.#bits >= 32 ? -1 : -1 << (32 - this.#bits))
  }

  /**
   * Tests the nonces `high · 2³² + low` … in order, at most `count` and not beyond the next multiple of 2³².
   *
   * @returns Offset of the first that satisfies the challenge, else −1.
   */
  run(high: number, low: number, count: number): number {
    this.setHigh(high)
    const end = Math.min(count, TWO_32 - low)
    for (let offset = 0; offset < end; offset++) {
      const found = this.searchNonces(this.message, low + offset, end - offset, this.mask)
      if (found < 0) return -1
      offset += found
      // The mask covers 32 bits: beyond that the hit is only a candidate.
      if (this.#zeroBits(low + offset) >= this.#bits) return offset
    }
    return -1
  }

  /** Chooses the upper half of the nonces. */
  setHigh(high: number): void {
    this.message[NONCE_WORD + 1] = swapBytes(high)
  }

  #zeroBits(low: number): number {
    const words = messageBlock(this.message)
    const upper = Math.clz32(swapBytes(digestWord(1, words, low)))
    return upper < 32 ? upper : 32 + Math.clz32(swapBytes(digestWord(0, words, low)))
  }
}

/**
 * Whether a nonce satisfies a challenge. A difficulty of zero or less accepts any nonce.
 *
 * @param nonce - Taken modulo 2⁶⁴, so signed and unsigned forms are the same.
 * @throws CocoonError `ERR_POW_CHALLENGE` when the challenge itself is impossible.
 */
export function verifyPow(challenge: PowChallenge, nonce: bigint): boolean {
  const unsigned = BigInt.asUintN(64, nonce)
  return new NonceSearch(challenge).run(Number(unsigned >> 32n), Number(unsigned & 0xffffffffn), 1) === 0
}

/** One hash after the other. Needs no preparation, which is what it is for. */
const searchPlainly: SearchNonces = (message, first, count, mask) => {
  const words = messageBlock(message)
  for (let index = 0; index < count; index++) {
    if ((digestWord(1, words, first + index) & mask) === 0) return index
  }
  return -1
}

/** A word of the digest of the message with this low half of the nonce. */
function digestWord(index: number, words: Int32Array, low: number): number {
  words[NONCE_WORD] = swapBytes(low)
  for (let t = 16; t < 64; t++) words[t] = scheduleWord(words, t)
  return (runRounds(words, 64)[index]! + INITIAL_STATE[index]!) | 0
}
