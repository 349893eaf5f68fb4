/**
 * A fresh key pair and the secret that it shares with a public key (v3.md §2.5, steps 1–3), made by the platform: the private
 * half never leaves it.
 *
 * @module
 */
import { equalBytes } from '../encoding/index.js'
import { toEdwards, toMontgomery } from './montgomery.js'

/** The public half of a new pair, and what it shares with another. */
export interface Agreement {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** 32 bytes. */
  readonly shared: Uint8Array<ArrayBuffer>
}

/** The public key that was agreed with last, ready for use: most requests of a client are encrypted to the same one. */
let lastPeer: { readonly publicKey: Uint8Array; readonly key: CryptoKey } | undefined

async function importPeer(publicKey: Uint8Array): Promise<CryptoKey> {
  if (lastPeer === undefined || !equalBytes(lastPeer.publicKey, publicKey)) {
    const key = await crypto.subtle.importKey('raw', toMontgomery(publicKey), 'X25519', false, [])
    // A key and not a promise of one: in Workers a promise belongs to the request that made it.
    lastPeer = { publicKey: publicKey.slice(), key }
  }
  return lastPeer.key
}

/**
 * A new pair whose private half nobody ever sees, agreed with a public key. X25519 makes the pair, which costs a quarter
 * of importing a seed. The scheme knows it by its Ed25519 form; X25519 has no sign of x, so it is drawn, and nobody can
 * tell such a key from one of a seed.
 *
 * @returns `undefined` where this runtime's WebCrypto cannot, or will not for this key; the way by a seed then says why.
 */
export async function agreeAnew(publicKey: Uint8Array): Promise<Agreement | undefined> {
  const { subtle } = crypto
  try {
    const [{ privateKey, publicKey: ownKey }, peer] = await Promise.all([
      subtle.generateKey('X25519', false, ['deriveBits']) as Promise<CryptoKeyPair>,
      importPeer(publicKey)
    ])
    const [shared, own] = await Promise.all([
      subtle.deriveBits({ name: 'X25519', public: peer }, privateKey, 256),
      subtle.exportKey('raw', ownKey).then((raw) => toEdwards(new Uint8Array(raw)))
    ])
    if (isZero(new Uint8Array(shared))) return undefined
    own[31]! |= crypto.getRandomValues(new Uint8Array(1))[0]! & 0x80
    return { publicKey: own, shared: new Uint8Array(shared) }
  } catch {
    return undefined
  }
}

/** Whether a secret is none: that of a public key of small order. */
export function isZero(bytes: Uint8Array): boolean {
  let bits = 0
  for (const byte of bytes) bits |= byte
  return bits === 0
}
