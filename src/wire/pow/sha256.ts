/**
 * SHA-256 (FIPS 180-4) of one message block, as the proof of work needs it: small, and in parts that the preparation of
 * the vector search shares. The searches that have to be fast are elsewhere.
 *
 * @module
 */

/** Words of the message in front of the padding: four of salt, low and high half of the nonce. */
export const MESSAGE_WORDS = 6
/** Which of them the search counts through. */
export const NONCE_WORD = 4

/** First words of the state, and what each round adds: fractions of the roots of the first primes (FIPS 180-4 §4.2.2). */
export const INITIAL_STATE: Int32Array = new Int32Array(8)
export const ROUND_CONSTANTS: Int32Array = new Int32Array(64)
const state = new Int32Array(8)
for (let candidate = 2, count = 0; count < 64; candidate++) {
  if (!isPrime(candidate)) continue
  // A double holds 18 bits more than are taken, so the last digit of the root does not matter.
  if (count < 8) INITIAL_STATE[count] = fraction(Math.sqrt(candidate))
  ROUND_CONSTANTS[count++] = fraction(Math.cbrt(candidate))
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor < candidate; divisor++) if (candidate % divisor === 0) return false
  return true
}

/** First 32 bits behind the point. */
function fraction(value: number): number {
  return ((value % 1) * 2 ** 32) | 0
}

/** A block of 64 words with the message in front and its padding behind; what follows is for {@link scheduleWord}. */
export function messageBlock(message: Int32Array): Int32Array {
  const words = new Int32Array(64)
  words.set(message)
  words[MESSAGE_WORDS] = 1 << 31
  words[15] = MESSAGE_WORDS * 32
  return words
}

/** Word `t` ≥ 16 of the schedule. */
export function scheduleWord(words: Int32Array, t: number): number {
  const x = words[t - 15]!
  const y = words[t - 2]!
  return (
    words[t - 16]! +
    (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) +
    words[t - 7]! +
    (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10))
  )
}

/** The state after the first `count` rounds, without the final addition. The array is the same one every time. */
export function runRounds(words: Int32Array, count: number): Int32Array {
  let a = INITIAL_STATE[0]!
  let b = INITIAL_STATE[1]!
  let c = INITIAL_STATE[2]!
  let d = INITIAL_STATE[3]!
  let e = INITIAL_STATE[4]!
  let f = INITIAL_STATE[5]!
  let g = INITIAL_STATE[6]!
  let h = INITIAL_STATE[7]!
  for (let t = 0; t < count; t++) {
    const sigma1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + sigma1 + (g ^ (e & (f ^ g))) + ROUND_CONSTANTS[t]! + words[t]!) | 0
    const sigma0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
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
  state.set([a, b, c, d, e, f, g, h])
  return state
}

/** Reverses the bytes of a 32-bit word. */
export function swapBytes(x: number): number {
  return (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24)
}

function rotate(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by))
}
