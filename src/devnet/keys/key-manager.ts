/**
 * The key manager of a devnet: makes the network's request keys, publishes their public halves, and gives the private ones
 * to the proxies, which hand them to workers with each encrypted request.
 *
 * Source: v3.md §2.1–2.3 (runners/key-manager/KeyManagerRunner.cpp @9060ce5).
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { bytesToHex } from '../../encoding/index.js'
import { type NetworkKeyPair, networkKeyPair } from '../../envelope/index.js'

/** A key as the root contract would publish it. */
export interface PublishedKey {
  /** 64 hex digits. */
  readonly publicKey: string
  readonly type: number
  readonly expiresAtUnix: number
}

/** Lifetime of a key, as the reference's. */
const KEY_TTL_SECONDS = 86_400
const REQUEST_KEY_TYPE = 1

interface HeldKey {
  readonly pair: NetworkKeyPair
  readonly expiresAtUnix: number
}

/** Keys of one devnet. */
export class KeyManager {
  /** What the root publishes, oldest first; the same array as long as the devnet lives. */
  readonly published: PublishedKey[] = []
  readonly #held = new Map<string, HeldKey>()
  readonly #now: () => number

  /** @param now - Unix milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Makes and publishes a key.
   *
   * @param seed - Ed25519 seed, 32 bytes. Default: random.
   * @param ttlSeconds - Default a day.
   */
  async add(
    seed: Uint8Array = new Uint8Array(randomBytes(32)),
    ttlSeconds: number = KEY_TTL_SECONDS
  ): Promise<PublishedKey> {
    const pair = await networkKeyPair(seed)
    const expiresAtUnix = Math.floor(this.#now() / 1000) + ttlSeconds
    const key = { publicKey: bytesToHex(pair.publicKey), type: REQUEST_KEY_TYPE, expiresAtUnix }
    this.#held.set(key.publicKey, { pair, expiresAtUnix })
    this.published.push(key)
    return key
  }

  /** Makes the proxies forget all keys; they stay published. As after a restart of proxies. */
  forget(): void {
    this.#held.clear()
  }

  /** The pair of a public key that proxies know now; they forget keys that expired. */
  find(publicKey: Uint8Array): NetworkKeyPair | undefined {
    const held = this.#held.get(bytesToHex(publicKey))
    return held !== undefined && held.expiresAtUnix * 1000 >= this.#now() ? held.pair : undefined
  }
}
