/**
 * Ephemeral key exchange: X25519 (RFC 7748), and P-256 where the caller allows it.
 *
 * WebCrypto keeps the private key where it can; where it has no X25519, tweetnacl (loaded only
 * then) computes it and the key is erased after use.
 *
 * @module
 */
import type nacl from 'tweetnacl'
import { equalBytes } from '../../encoding/index.js'
import { abort } from './alerts.js'
import { asBuffer } from './cipher-suites.js'

/** Groups that can be offered. */
export type GroupName = 'x25519' | 'secp256r1'

/** One half of a key exchange that has not met the other yet. */
export interface KeyShare {
  readonly group: number
  readonly publicKey: Uint8Array
  /**
   * The shared secret, 32 bytes. Once only: the private key is erased where that is possible.
   *
   * @throws TlsError `illegal_parameter` for a public key of the wrong form or one that gives an all-zero secret.
   */
  agree(peerPublicKey: Uint8Array): Promise<Uint8Array>
}

/** Code points of RFC 8446 §4.2.7. */
export const GROUPS: Readonly<Record<GroupName, number>> = { x25519: 0x001d, secp256r1: 0x0017 }

/** Makes a fresh key pair. */
export async function createKeyShare(name: GroupName): Promise<KeyShare> {
  const algorithm = name === 'x25519' ? { name: 'X25519' } : { name: 'ECDH', namedCurve: 'P-256' }
  let keys: CryptoKeyPair
  try {
    keys = (await crypto.subtle.generateKey(algorithm, false, ['deriveBits'])) as CryptoKeyPair
  } catch (error) {
    if (name !== 'x25519') throw error
    return createPortableKeyShare()
  }
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
  return keyShare(name, publicKey, async (peer) => {
    const peerKey = await crypto.subtle.importKey('raw', asBuffer(peer), algorithm, false, [])
    const derivation = { name: algorithm.name, public: peerKey }
    return new Uint8Array(await crypto.subtle.deriveBits(derivation, keys.privateKey, 256))
  })
}

/** X25519 without WebCrypto. */
export async function createPortableKeyShare(given?: nacl.BoxKeyPair): Promise<KeyShare> {
  const { default: nacl } = await import('tweetnacl')
  const keys = given ?? nacl.box.keyPair()
  return keyShare('x25519', keys.publicKey, async (peer) => {
    const shared = nacl.scalarMult(keys.secretKey, peer)
    keys.secretKey.fill(0)
    return shared
  })
}

function keyShare(
  name: GroupName,
  publicKey: Uint8Array,
  derive: (peerPublicKey: Uint8Array) => Promise<Uint8Array>
): KeyShare {
  return {
    group: GROUPS[name],
    publicKey,
    async agree(peerPublicKey) {
      if (peerPublicKey.length !== publicKey.length) abort('illegal_parameter', 'key share length')
      let shared: Uint8Array
      try {
        shared = await derive(peerPublicKey)
      } catch {
        // A point that is not on the curve, or one of low order that the platform refuses itself.
        abort('illegal_parameter', 'key share')
      }
      // RFC 7748 §6.1 and RFC 8446 §7.4.2: an all-zero result means a point of low order.
      if (equalBytes(shared, new Uint8Array(shared.length))) abort('illegal_parameter', 'key share of low order')
      return shared
    }
  }
}
