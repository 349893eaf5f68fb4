/**
 * The rounds of SHA-256 (FIPS 180-4 §6.2.2) for those who need them without leaving the thread: the proof of work, which
 * takes them apart, and the key schedule of TLS, which hashes a few dozen bytes at a time. Messages of any length are the
 * platform's (`crypto.subtle.digest`). Words only, and no table is looked up: its time does not depend on what is hashed.
 *
 * Rotations are written out: a call each would double the time until the optimiser is there.
 *
 * @module
 */

/** First words of the state, and what each round adds: fractions of the roots of the first primes (FIPS 180-4 §4.2.2). */
export const INITIAL_STATE: Int32Array<ArrayBuffer> = /* @__PURE__ */ primeFractions(8, Math.sqrt)
export const ROUND_CONSTANTS: Int32Array<ArrayBuffer> = /* @__PURE__ */ primeFractions(64, Math.cbrt)

/** First 32 bits behind the point. A double holds 18 bits more than are taken, so the last digit of a root does not matter. */
function primeFractions(count: number, root: (value: number) => number): Int32Array<ArrayBuffer> {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return Int32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32)
}

/** Word `t` ≥ 16 of the schedule, to be cut to 32 bits. */
export function scheduleWord(words: Int32Array, t: number): number {
  const x = words[t - 15]!
  const y = words[t - 2]!
  return (
    words[t - 16]! +
    (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
    words[t - 7]! +
    (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))
  )
}

const result = /* @__PURE__ */ new Int32Array(8)

/** The state after the first `count` rounds, without the final addition. The array is the same one every time. */
export function runRounds(words: Int32Array, count: number, from: Int32Array = INITIAL_STATE): Int32Array {
  let a = from[0]!
  let b = from[1]!
  let c = from[2]!
  let d = from[3]!
  let e = from[4]!
  let f = from[5]!
  let g = from[6]!
  let h = from[7]!
  for (let t = 0; t < count; t++) {
    const sigma1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + sigma1 + (g ^ (e & (f ^ g))) + ROUND_CONSTANTS[t]! + words[t]!) | 0
    const sigma0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = sigma0 + ((a & b) | (c & (a | b)))
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  result[0] = a
  result[1] = b
  result[2] = c
  result[3] = d
  result[4] = e
  result[5] = f
  result[6] = g
  result[7] = h
  return result
}
