/**
 * SHA-256 (FIPS 180-4) and HMAC over it without leaving the thread: a handshake needs some thirty of them one after another,
 * each over a few dozen bytes, and each would be a journey to another thread through WebCrypto. Its time depends on lengths
 * only.
 *
 * @module
 */

const BLOCK_BYTES = 64

const roundConstants = /* @__PURE__ */ new Int32Array(64)
const initialState = /* @__PURE__ */ new Int32Array(8)
const schedule = /* @__PURE__ */ new Int32Array(64)

/** Hash of a message, 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return finish(startState(), message)
}

/** HMAC-SHA-256 (RFC 2104) with the two blocks of the key taken in once. */
export class HmacSha256 {
  readonly #inner: Int32Array
  readonly #outer: Int32Array

  /** @param key - At most 64 bytes. */
  constructor(key: Uint8Array) {
    const afterKey = (mask: number): Int32Array => {
      const pad = new Uint8Array(BLOCK_BYTES)
      pad.set(key)
      const state = startState()
      compress(state, new DataView(pad.map((octet) => octet ^ mask).buffer), 0)
      return state
    }
    this.#inner = afterKey(0x36)
    this.#outer = afterKey(0x5c)
  }

  mac(message: Uint8Array): Uint8Array<ArrayBuffer> {
    return finish(this.#outer.slice(), finish(this.#inner.slice(), message, BLOCK_BYTES), BLOCK_BYTES)
  }

  /** Erases what stands for the key; it must not be used any more. */
  erase(): void {
    this.#inner.fill(0)
    this.#outer.fill(0)
  }
}

/** Takes the last of a message into a state that has seen `before` bytes, and writes the state out. */
function finish(state: Int32Array, message: Uint8Array, before = 0): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array((message.length + 8 + BLOCK_BYTES) & -BLOCK_BYTES)
  padded.set(message)
  padded[message.length] = 0x80
  const blocks = new DataView(padded.buffer)
  blocks.setUint32(padded.length - 4, (before + message.length) * 8)
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) compress(state, blocks, at)
  const digest = new DataView(new ArrayBuffer(32))
  for (let index = 0; index < 8; index++) digest.setInt32(index * 4, state[index]!)
  return new Uint8Array(digest.buffer)
}

function startState(): Int32Array {
  if (initialState[0] === 0) computeConstants()
  return initialState.slice()
}

/** Fractions of the roots of the first primes, as the standard defines its constants. */
function computeConstants(): void {
  const fraction = (root: number): number => (root % 1) * 2 ** 32
  for (let candidate = 2, count = 0; count < 64; candidate++) {
    let divisor = 2
    while (candidate % divisor !== 0) divisor++
    if (divisor < candidate) continue
    if (count < 8) initialState[count] = fraction(Math.sqrt(candidate))
    roundConstants[count++] = fraction(Math.cbrt(candidate))
  }
}

/** One block, FIPS 180-4 §6.2.2. Rotations are written out: a call each would double the time before the optimiser is there. */
function compress(state: Int32Array, blocks: DataView, at: number): void {
  const w = schedule
  const k = roundConstants
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  let f = state[5]!
  let g = state[6]!
  let h = state[7]!
  for (let round = 0; round < 64; round++) {
    let word
    if (round < 16) {
      word = blocks.getInt32(at + 4 * round)
    } else {
      const x = w[round - 15]!
      const y = w[round - 2]!
      word =
        ((((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) +
          (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)) +
          w[round - 16]! +
          w[round - 7]!) |
        0
    }
    w[round] = word
    const t =
      (h +
        (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) +
        (g ^ (e & (f ^ g))) +
        k[round]! +
        word) |
      0
    h = g
    g = f
    f = e
    e = (d + t) | 0
    d = c
    c = b
    b = a
    a =
      (t +
        (((b >>> 2) | (b << 30)) ^ ((b >>> 13) | (b << 19)) ^ ((b >>> 22) | (b << 10))) +
        ((b & c) ^ (d & (b ^ c)))) |
      0
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
  state[5]! += f
  state[6]! += g
  state[7]! += h
}
