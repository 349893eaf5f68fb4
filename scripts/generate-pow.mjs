/**
 * Writes src/wire/pow/sha256-block.generated.ts: SHA-256 of one 24-byte message (salt ‖ nonce), unrolled, with everything
 * that does not depend on the low half of the nonce moved out of the loop.
 *
 *   node scripts/generate-pow.mjs            write
 *   node scripts/generate-pow.mjs --check    exit 1 when the committed file differs
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const target = fileURLToPath(new URL('../src/wire/pow/sha256-block.generated.ts', import.meta.url))

// --- constants of FIPS 180-4, derived from their definition -------------------------------------------------------

const primes = []
for (let candidate = 2; primes.length < 64; candidate++) {
  if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
}

/** First 32 bits of the fractional part of the k-th root of n, exactly: floor(2^32 · n^(1/k)) mod 2^32. */
function rootFraction(n, k) {
  const scaled = BigInt(n) << BigInt(32 * k)
  let low = 0n
  let high = 1n << 40n
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (middle ** BigInt(k) <= scaled) low = middle
    else high = middle
  }
  return Number(BigInt.asIntN(32, low))
}

const initial = primes.slice(0, 8).map((prime) => rootFraction(prime, 2))
const roundConstants = primes.map((prime) => rootFraction(prime, 3))

// --- values: a number, or { text, perNonce } ----------------------------------------------------------------------

const setup = [] // statements in front of the loop
const loop = [] // statements in it
let hoisted = 0

const isNumber = (value) => typeof value === 'number'
const isPerNonce = (value) => !isNumber(value) && value.perNonce
const textOf = (value) => (isNumber(value) ? String(value) : value.text)

/** Gives an expression a name: a fresh constant before the loop, or the given slot inside it. */
function name(expression, perNonce, slot) {
  if (perNonce) {
    loop.push(`${slot} = ${expression}`)
    return { text: slot, perNonce }
  }
  const text = `s${hoisted++}`
  setup.push(`const ${text} = ${expression}`)
  return { text, perNonce }
}

/** Sum of values: constants are folded, what is known before the loop is added there. */
function sum(values, slot) {
  const constant = values.filter(isNumber).reduce((total, value) => (total + value) | 0, 0)
  const before = values.filter((value) => !isNumber(value) && !value.perNonce)
  const inside = values.filter(isPerNonce)
  if (constant !== 0) before.push(constant)
  if (inside.length === 0 && before.every(isNumber)) return constant
  const known =
    before.length === 1
      ? before[0]
      : before.length === 0
        ? undefined
        : name(`(${before.map(textOf).join(' + ')}) | 0`, false)
  if (inside.length === 0) return known
  // What is known first comes first: callers name the value that the others wait for last.
  const terms = known === undefined ? inside : [known, ...inside]
  return name(`(${terms.map(textOf).join(' + ')}) | 0`, true, slot)
}

/** An expression over values that is not named: folded when all of them are numbers. */
function inline(values, fold, print) {
  if (values.every(isNumber)) return fold(...values)
  const perNonce = values.some(isPerNonce)
  const text = print(...values.map(textOf))
  return perNonce ? { text, perNonce } : name(text, false)
}

const rotate = (x, by) => (x >>> by) | (x << (32 - by))
const rotateText = (x, by) => `((${x} >>> ${by}) | (${x} << ${32 - by}))`

/** rotate(x, a) ^ rotate(x, b) ^ rotate(x, c), a < b < c, one rotation inside the other: that needs fewer registers. */
const bigSigma = (a, b, c) => (x) => {
  if (isNumber(x)) return rotate(x, a) ^ rotate(x, b) ^ rotate(x, c)
  const inner = name(`${x.text} ^ ${rotateText(x.text, c - b)}`, x.perNonce, 'u')
  const middle = name(`${x.text} ^ ${rotateText(inner.text, b - a)}`, x.perNonce, 'u')
  return { text: rotateText(middle.text, a), perNonce: x.perNonce }
}
const smallSigma = (a, b, shift) => (x) =>
  inline(
    [x],
    (n) => rotate(n, a) ^ rotate(n, b) ^ (n >>> shift),
    (t) => `(${rotateText(t, a)} ^ ${rotateText(t, b)} ^ (${t} >>> ${shift}))`
  )
const S0 = bigSigma(2, 13, 22)
const S1 = bigSigma(6, 11, 25)
const s0 = smallSigma(7, 18, 3)
const s1 = smallSigma(17, 19, 10)
const choose = (e, f, g) =>
  inline(
    [e, f, g],
    (x, y, z) => z ^ (x & (y ^ z)),
    (x, y, z) => `(${z} ^ (${x} & (${y} ^ ${z})))`
  )
// The y ^ z of one round is the x ^ y of the round before, which an optimising compiler keeps.
const majority = (a, b, c) =>
  inline(
    [a, b, c],
    (x, y, z) => ((x ^ y) & (y ^ z)) ^ y,
    (x, y, z) => `(((${x} ^ ${y}) & (${y} ^ ${z})) ^ ${y})`
  )

// --- the block: w0…w3 salt, w4 and w5 nonce, then the padding of a 24-byte message --------------------------------

const argument = (text) => ({ text, perNonce: false })
const words = [
  argument('w0'),
  argument('w1'),
  argument('w2'),
  argument('w3'),
  { text: 'm4', perNonce: true },
  argument('w5')
]
words.push(0x80000000 | 0, 0, 0, 0, 0, 0, 0, 0, 0, 24 * 8)
const scheduled = (t) => {
  if (t >= 16) words[t] = sum([words[t - 16], s0(words[t - 15]), words[t - 7], s1(words[t - 2])], `m${t % 16}`)
  return words[t]
}

let [a, b, c, d, e, f, g, h] = initial
const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const slotOf = (position, round) => letters[(position + 8 * 64 - round) % 8]

function round(t) {
  const t1 = sum([roundConstants[t], scheduled(t), h, choose(e, f, g), S1(e)], 't')
  // The new e takes the place of d, the new a that of h: both are read before.
  const e2 = sum([d, t1], slotOf(4, t + 1))
  const a2 = sum([majority(a, b, c), S0(a), t1], slotOf(0, t + 1))
  ;[a, b, c, d, e, f, g, h] = [a2, a, b, c, e2, e, f, g]
}

// Digest word 1 is what becomes b: the new a of round 62. Round 63 is not needed to know it.
for (let t = 0; t < 63; t++) round(t)

const indent = (lines, by) => lines.map((line) => ' '.repeat(by) + line).join('\n')
const source = `/**
 * Generated by scripts/generate-pow.mjs. Do not edit.
 *
 * SHA-256 (FIPS 180-4) of messages of 24 bytes that differ in four bytes, in one loop.
 * One piece although it is long: the rounds are unrolled into one function, which is what makes it fast.
 *
 * @module
 */

/** \`SearchNonces\` of nonce-search.ts. Names nothing but its parameters, so that its text can be sent to a worker. */
export function searchNonces(message: Int32Array, first: number, count: number, mask: number): number {
  const [w0, w1, w2, w3, , w5] = message as unknown as [number, number, number, number, number, number]
${indent(setup, 2)}
  let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, t = 0, u = 0
  let m0 = 0, m1 = 0, m2 = 0, m3 = 0, m4 = 0, m5 = 0, m6 = 0, m7 = 0
  let m8 = 0, m9 = 0, m10 = 0, m11 = 0, m12 = 0, m13 = 0, m14 = 0, m15 = 0
  for (let index = 0; index < count; index++) {
    t = (first + index) | 0
    m4 = (t << 24) | ((t & 0xff00) << 8) | ((t >>> 8) & 0xff00) | (t >>> 24)
${indent(loop, 4)}
    if (((${textOf(a)} + ${initial[1]}) & mask) === 0) return index
  }
  return -1
}
`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== source) {
    console.error('sha256-block.generated.ts is out of date: run node scripts/generate-pow.mjs')
    process.exit(1)
  }
} else {
  writeFileSync(target, source)
}
