/**
 * Key pairs and the shared secret of two of them (v3.md §2.5, steps 1–3): Ed25519 keys, X25519 agreement. WebCrypto does
 * the arithmetic on private keys in constant time; where a runtime lacks the curves, tweetnacl does (loaded only then).
 *
 * @module
 */
import type nacl from 'tweetnacl'

import { concatBytes, decodeBase64, equalBytes, hexToBytes } from '../encoding/index.js'
import { EnvelopeError } from './envelope-error.js'
import { toEdwards, toMontgomery } from './montgomery.js'
import { hash, SHA_512 } from './sha-2.js'

/** PKCS #8 (RFC 8410 §7) before the 32 key bytes; the algorithm's last arc is the 12th byte: 0x70 Ed25519, 0x6e X25519. */
const ED25519_PKCS8 = /* @__PURE__ */ hexToBytes('302e020100300506032b657004220420')
const X25519_PKCS8 = /* @__PURE__ */ hexToBytes('302e020100300506032b656e04220420')

/** The public half of a new pair, and what it shares with another. */
export interface Agreement {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** 32 bytes. */
  readonly shared: Uint8Array<ArrayBuffer>
}

/** Public key of an Ed25519 seed, 32 bytes each. */
export async function publicKeyOf(seed: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const key = await crypto.subtle.importKey('pkcs8', concatBytes(ED25519_PKCS8, seed), 'Ed25519', true, ['sign'])
    const { x } = await crypto.subtle.exportKey('jwk', key)
    return decodeBase64(x as string, { urlSafe: true })
  } catch {
    return (await loadNacl()).sign.keyPair.fromSeed(seed).publicKey.slice()
  }
}

/**
 * X25519 of an Ed25519 seed and an Ed25519 public key, 32 bytes. Both sides get the same.
 *
 * @throws EnvelopeError `ERR_ENVELOPE_KEY` for a public key of small order: the secret would be known to everybody.
 */
export async function agree(seed: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const peer = toMontgomery(publicKey)
  // The first half of the hash is the scalar; X25519 clamps it.
  const scalar = hash(SHA_512, seed)
  const shared = await scalarMultiply(scalar.subarray(0, 32), peer)
  scalar.fill(0)
  if (isZero(shared)) throw new EnvelopeError('ERR_ENVELOPE_KEY', 'the public key is of small order')
  return shared
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

function isZero(bytes: Uint8Array): boolean {
  let bits = 0
  for (const byte of bytes) bits |= byte
  return bits === 0
}

async function scalarMultiply(scalar: Uint8Array, peer: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { subtle } = crypto
    const [own, other] = await Promise.all([
      subtle.importKey('pkcs8', concatBytes(X25519_PKCS8, scalar), 'X25519', false, ['deriveBits']),
      subtle.importKey('raw', peer, 'X25519', false, [])
    ])
    return new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: other }, own, 256))
  } catch {
    // No X25519 here, or a point of small order, for which this gives zeros.
    return (await loadNacl()).scalarMult(scalar, peer).slice()
  }
}

async function loadNacl(): Promise<typeof nacl> {
  return (await import('tweetnacl')).default
}
