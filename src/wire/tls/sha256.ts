/**
 * SHA-256 and HMAC over it (RFC 2104) without leaving the thread: a handshake needs some thirty of them one after another,
 * each over a few dozen bytes, and each would be a journey to another thread through WebCrypto. Nothing of what was hashed
 * stays in shared memory.
 *
 * @module
 */
import { INITIAL_STATE, runRounds, scheduleWord } from '../../encoding/sha-256/index.js'

const BLOCK_BYTES = 64

/** Hash of a message, 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return finish(INITIAL_STATE.slice(), message)
}

/** HMAC-SHA-256 with the two blocks of the key taken in once. */
export class HmacSha256 {
  readonly #inner: Int32Array
  readonly #outer: Int32Array

  /** @param key - At most 64 bytes. */
  constructor(key: Uint8Array) {
    this.#inner = afterKey(key, 0x36)
    this.#outer = afterKey(key, 0x5c)
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

function afterKey(key: Uint8Array, mask: number): Int32Array {
  const block = new Uint8Array(BLOCK_BYTES).fill(mask)
  for (let index = 0; index < key.length; index++) block[index]! ^= key[index]!
  const state = INITIAL_STATE.slice()
  compress(state, block)
  return state
}

/** Takes the last of a message into a state that has seen `before` bytes, and writes the state out. Erases the state. */
function finish(state: Int32Array, message: Uint8Array, before = 0): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array((message.length + 8 + BLOCK_BYTES) & -BLOCK_BYTES)
  padded.set(message)
  padded[message.length] = 0x80
  new DataView(padded.buffer).setUint32(padded.length - 4, (before + message.length) * 8)
  compress(state, padded)
  const digest = new DataView(new ArrayBuffer(32))
  for (let index = 0; index < 8; index++) digest.setInt32(index * 4, state[index]!)
  state.fill(0)
  return new Uint8Array(digest.buffer)
}

/** Takes whole blocks into a state. Erases them. */
function compress(state: Int32Array, blocks: Uint8Array<ArrayBuffer>): void {
  const input = new DataView(blocks.buffer)
  const words = new Int32Array(64)
  for (let at = 0; at < blocks.length; at += BLOCK_BYTES) {
    for (let t = 0; t < 64; t++) words[t] = t < 16 ? input.getInt32(at + 4 * t) : scheduleWord(words, t)
    const result = runRounds(words, 64, state)
    for (let index = 0; index < 8; index++) state[index]! += result[index]!
    result.fill(0)
  }
  blocks.fill(0)
  words.fill(0)
}
