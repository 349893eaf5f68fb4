/**
 * The rule of the proof of work (protocol/wire.md §2.2) over the generated hash: SHA-256 of salt ‖ nonce, whose first 8
 * bytes, read as a **little-endian** number, must begin with enough zero bits.
 *
 * @module
 */
import { ByteReader } from '../../encoding/index.js'
import { checkPowChallenge, type PowChallenge } from './challenge.js'
import { searchNonces } from './sha256-block.generated.js'

/** More zero bits than the rule can count: no nonce has them. */
export const MAX_POW_BITS = 64

const TWO_32 = 2 ** 32

/** Tests nonces of one challenge. */
export class NonceSearch {
  readonly #bits: number
  readonly #mask: number
  readonly #salt: readonly [number, number, number, number]
  readonly #digest = new Int32Array(2)

  constructor(challenge: PowChallenge) {
    const reader = new ByteReader(checkPowChallenge(challenge).salt)
    this.#salt = [reader.u32be(), reader.u32be(), reader.u32be(), reader.u32be()]
    this.#bits = challenge.difficultyBits
    // The rule reads digest word 1 with its bytes reversed, so the mask is reversed instead, once.
    this.#mask = swap(this.#bits <= 0 ? 0 : this.#bits >= 32 ? -1 : -1 << (32 - this.#bits))
  }

  /**
   * Tests the nonces `high · 2³² + low` … in order, at most `count` and not beyond the next multiple of 2³².
   *
   * @returns Offset of the first that satisfies the challenge, else −1.
   */
  run(high: number, low: number, count: number): number {
    const [w0, w1, w2, w3] = this.#salt
    const end = Math.min(count, TWO_32 - low)
    for (let offset = 0; offset < end; offset++) {
      const found = searchNonces(w0, w1, w2, w3, swap(high), low + offset, end - offset, this.#mask, this.#digest)
      if (found < 0) return -1
      offset += found
      // The mask covers 32 bits: beyond that the hit is only a candidate.
      if (this.#zeroBits() >= this.#bits) return offset
    }
    return -1
  }

  #zeroBits(): number {
    const [word0, word1] = this.#digest as unknown as [number, number]
    const upper = Math.clz32(swap(word1))
    return upper < 32 ? upper : 32 + Math.clz32(swap(word0))
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

/** Reverses the bytes of a 32-bit word. */
function swap(x: number): number {
  return (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24)
}
