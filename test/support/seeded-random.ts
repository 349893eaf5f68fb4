/**
 * Deterministic randomness for tests. Not secure, on purpose.
 *
 * @module
 */
import type { Random } from '../../src/runtime/ports/clock.js'

/** A reproducible byte source (xorshift32). */
export class SeededRandom implements Random {
  #state: number

  constructor(seed = 0x9e3779b9) {
    this.#state = seed >>> 0 || 1
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let index = 0; index < length; index++) {
      let x = this.#state
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
      this.#state = x >>> 0
      out[index] = this.#state & 0xff
    }
    return out
  }
}
