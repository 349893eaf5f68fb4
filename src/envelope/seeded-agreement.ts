/**
 * Key pairs of a given seed, and the shared secret of two of them (v3.md §2.5, steps 1–3): Ed25519 keys, X25519 agreement.
 * WebCrypto does the arithmetic on private keys in constant time; where a runtime lacks the curves, tweetnacl does (loaded
 * only then).
 *
 * Clients need it where the platform cannot make a pair itself, or where the randomness is not the platform's.
 *
 * @module
 */
import type nacl from 'tweetnacl'

import { concatBytes, decodeBase64, hexToBytes } from '../encoding/index.js'
import { EnvelopeError } from './envelope-error.js'
import { type Agreement, isZero } from './key-agreement.js'
import { toMontgomery } from './montgomery.js'
import { hash, SHA_512 } from './sha-2.js'

/** PKCS #8 (RFC 8410 §7) before the 32 key bytes; the algorithm's last arc is the 12th byte: 0x70 Ed25519, 0x6e X25519. */
const ED25519_PKCS8 = /* @__PURE__ */ hexToBytes('302e020100300506032b657004220420')
const X25519_PKCS8 = /* @__PURE__ */ hexToBytes('302e020100300506032b656e04220420')

/** The pair of a seed, agreed with a public key. The seed is wiped. @throws EnvelopeError as {@link agree}. */
export async function agreeFromSeed(seed: Uint8Array, receiverKey: Uint8Array): Promise<Agreement> {
  const [publicKey, shared] = await Promise.all([publicKeyOf(seed), agree(seed, receiverKey)])
  seed.fill(0)
  return { publicKey, shared }
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
