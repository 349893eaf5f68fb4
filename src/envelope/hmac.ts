/**
 * HMAC (RFC 2104) over {@link HashFunction}, with the two blocks of the key taken in once.
 *
 * @module
 */
import { finish, type HashFunction } from './sha-2.js'

/** Hashes messages with a key. Holds what stands for the key: as secret as the key. */
export type Hmac = (message: Uint8Array) => Uint8Array<ArrayBuffer>

/** @param key - At most a block long. */
export function createHmac(kind: HashFunction, key: Uint8Array): Hmac {
  const inner = afterKey(kind, key, 0x36)
  const outer = afterKey(kind, key, 0x5c)
  return (message) =>
    finish(kind, outer.slice(), kind.blockBytes, finish(kind, inner.slice(), kind.blockBytes, message))
}

function afterKey(kind: HashFunction, key: Uint8Array, mask: number): Int32Array {
  const block = new Uint8Array(kind.blockBytes)
  block.set(key)
  const state = kind.start()
  kind.compress(state, new DataView(block.map((byte) => byte ^ mask).buffer), 0)
  return state
}
