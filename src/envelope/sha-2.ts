/**
 * SHA-256 and SHA-512 (FIPS 180-4), at once and without leaving the thread: a call of WebCrypto costs some 50 µs before it
 * hashes anything, and an encrypted request of ten messages needs a hundred of them. For short inputs; long ones are the
 * platform's. Arithmetic on 32-bit words only: its time does not depend on what is hashed.
 *
 * The constants of SHA-512 are computed from their definition, the fractions of roots of the first primes; they are a
 * kilobyte otherwise.
 *
 * @module
 */
import { INITIAL_STATE, runRounds, scheduleWord } from '../encoding/sha-256/index.js'

/** What tells the two functions apart. */
export interface HashFunction {
  /** Bytes of a block: 64 or 128. */
  readonly blockBytes: number
  /** State before the first block. */
  readonly start: () => Int32Array<ArrayBuffer>
  /** Takes the block at an offset into the state. */
  readonly compress: (state: Int32Array, block: DataView, at: number) => void
}

/** SHA-256: eight words of state. */
export const SHA_256: HashFunction = {
  blockBytes: 64,
  start: () => INITIAL_STATE.slice(),
  compress: compress256
}

/** SHA-512: eight words of 64 bits, each as its upper and its lower half. */
export const SHA_512: HashFunction = {
  blockBytes: 128,
  start: () => constants().start.slice(),
  compress: compress512
}

/** Hash of a message, 32 or 64 bytes. */
export function hash(kind: HashFunction, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return finish(kind, kind.start(), 0, message)
}

/** Takes the last of a message into the state, and writes the state out. `before`: bytes that it has seen, whole blocks. */
export function finish(
  { blockBytes, compress }: HashFunction,
  state: Int32Array,
  before: number,
  message: Uint8Array
): Uint8Array<ArrayBuffer> {
  // A one, zeros, and the length in bits, of which 53 bits are enough.
  const lengthBytes = blockBytes / 8
  const padded = new DataView(new ArrayBuffer(Math.ceil((message.length + 1 + lengthBytes) / blockBytes) * blockBytes))
  new Uint8Array(padded.buffer).set(message)
  padded.setUint8(message.length, 0x80)
  const bits = (before + message.length) * 8
  padded.setUint32(padded.byteLength - 8, bits / 2 ** 32)
  padded.setUint32(padded.byteLength - 4, bits)
  for (let at = 0; at < padded.byteLength; at += blockBytes) compress(state, padded, at)
  const digest = new DataView(new ArrayBuffer(state.length * 4))
  for (let index = 0; index < state.length; index++) digest.setInt32(index * 4, state[index]!)
  return new Uint8Array(digest.buffer)
}

interface Constants {
  readonly start: Int32Array<ArrayBuffer>
  readonly round: Int32Array
}

let known: Constants | undefined

function constants(): Constants {
  if (known !== undefined) return known
  const start = new BigUint64Array(8)
  const round = new BigUint64Array(80)
  let count = 0
  for (let prime = 2; count < 80; prime++) {
    let divisor = 2
    while (prime % divisor !== 0) divisor++
    if (divisor < prime) continue
    if (count < 8) start[count] = root(prime, 2)
    round[count++] = root(prime, 3)
  }
  return (known = { start: halves(start), round: halves(round) })
}

/** A root times 2^64, rounded down, by Newton's method from a little above. What is over 64 bits the array drops. */
function root(of: number, degree: number): bigint {
  const value = BigInt(of) << BigInt(64 * degree)
  const others = BigInt(degree - 1)
  let guess = BigInt(Math.ceil(of ** (1 / degree) * 2 ** 32) + 1) << 32n
  for (;;) {
    const next = (others * guess + value / guess ** others) / (others + 1n)
    if (next >= guess) return guess
    guess = next
  }
}

function halves(values: BigUint64Array): Int32Array<ArrayBuffer> {
  return Int32Array.from([...values].flatMap((value) => [Number(value >> 32n), Number(value & 0xffffffffn)]))
}

const words = /* @__PURE__ */ new Int32Array(160)

function compress256(state: Int32Array, block: DataView, at: number): void {
  for (let t = 0; t < 64; t++) words[t] = t < 16 ? block.getInt32(at + t * 4) : scheduleWord(words, t)
  const result = runRounds(words, 64, state)
  for (let index = 0; index < 8; index++) state[index]! += result[index]!
}

function compress512(state: Int32Array, block: DataView, at: number): void {
  for (let index = 0; index < 32; index++) words[index] = block.getInt32(at + index * 4)
  for (let index = 32; index < 160; index += 2) {
    const high = words[index - 30]!
    const low = words[index - 29]!
    const lateHigh = words[index - 4]!
    const lateLow = words[index - 3]!
    const sum =
      (words[index - 31]! >>> 0) +
      (words[index - 13]! >>> 0) +
      ((half(low, high, 1) ^ half(low, high, 8) ^ half(low, high, 7)) >>> 0) +
      ((half(lateLow, lateHigh, 19) ^ half(lateHigh, lateLow, 29) ^ half(lateLow, lateHigh, 6)) >>> 0)
    words[index + 1] = sum
    words[index] =
      (words[index - 32]! +
        words[index - 14]! +
        (half(high, low, 1) ^ half(high, low, 8) ^ (high >>> 7)) +
        (half(lateHigh, lateLow, 19) ^ half(lateLow, lateHigh, 29) ^ (lateHigh >>> 6)) +
        carryOf(sum)) |
      0
  }
  mix512(state)
}

/** The variables a to h of the standard, upper and lower halves; each round puts the new a in front of the others. */
const variables = /* @__PURE__ */ new Int32Array(176)

function mix512(state: Int32Array): void {
  const { round } = constants()
  variables.set(state, 160)
  for (let index = 0, at = 160; index < 160; index += 2, at -= 2) {
    const eHigh = variables[at + 8]!
    const eLow = variables[at + 9]!
    const first =
      (variables[at + 15]! >>> 0) +
      (round[index + 1]! >>> 0) +
      (words[index + 1]! >>> 0) +
      ((half(eLow, eHigh, 14) ^ half(eLow, eHigh, 18) ^ half(eHigh, eLow, 9)) >>> 0) +
      ((variables[at + 13]! ^ (eLow & (variables[at + 11]! ^ variables[at + 13]!))) >>> 0)
    const firstHigh =
      (variables[at + 14]! +
        round[index]! +
        words[index]! +
        (half(eHigh, eLow, 14) ^ half(eHigh, eLow, 18) ^ half(eLow, eHigh, 9)) +
        (variables[at + 12]! ^ (eHigh & (variables[at + 10]! ^ variables[at + 12]!))) +
        carryOf(first)) |
      0
    const newE = (variables[at + 7]! >>> 0) + (first >>> 0)
    variables[at + 7] = newE
    variables[at + 6] = (variables[at + 6]! + firstHigh + carryOf(newE)) | 0
    const aHigh = variables[at]!
    const aLow = variables[at + 1]!
    const bHigh = variables[at + 2]!
    const bLow = variables[at + 3]!
    const newA =
      (first >>> 0) +
      ((half(aLow, aHigh, 28) ^ half(aHigh, aLow, 2) ^ half(aHigh, aLow, 7)) >>> 0) +
      (((aLow & bLow) ^ (variables[at + 5]! & (aLow ^ bLow))) >>> 0)
    variables[at - 1] = newA
    variables[at - 2] =
      (firstHigh +
        (half(aHigh, aLow, 28) ^ half(aLow, aHigh, 2) ^ half(aLow, aHigh, 7)) +
        ((aHigh & bHigh) ^ (variables[at + 4]! & (aHigh ^ bHigh))) +
        carryOf(newA)) |
      0
  }
  for (let at = 0; at < 16; at += 2) {
    const sum = (state[at + 1]! >>> 0) + (variables[at + 1]! >>> 0)
    state[at + 1] = sum
    state[at]! += variables[at]! + carryOf(sum)
  }
}

/** One half of a word of 64 bits that is turned right by 0 < `bits` < 32; the other half has them the other way round. */
function half(own: number, other: number, bits: number): number {
  return (own >>> bits) | (other << (32 - bits))
}

/** What a sum of lower halves carries over. */
function carryOf(sum: number): number {
  return (sum / 2 ** 32) | 0
}
