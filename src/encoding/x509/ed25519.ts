/**
 * Ed25519 signatures (RFC 8032) by the key of a certificate: on WebCrypto, on tweetnacl (loaded only then) where a runtime
 * lacks it.
 *
 * @module
 */
import { hexToBytes } from '../hex.js'

/** Order of the base point, little-endian (RFC 8032 §5.1). */
const ORDER = 'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010'

/**
 * Verifies a signature. `false` for every input that is not a valid signature, whatever its length. A scalar S at or above
 * the group order is refused on all platforms alike, so that a signature has one form only (RFC 8032 §5.1.7; tweetnacl would
 * accept it).
 *
 * @param publicKey - Raw, 32 bytes.
 */
export async function verifyEd25519(
  publicKey: Uint8Array,
  signature: Uint8Array,
  content: Uint8Array
): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64 || !isReduced(signature.subarray(32))) return false
  try {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(publicKey), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, new Uint8Array(signature), new Uint8Array(content))
  } catch {
    // No Ed25519 here, or a key that the platform refuses: the portable check decides.
    const { default: nacl } = await import('tweetnacl')
    return nacl.sign.detached.verify(content, signature, publicKey)
  }
}

/** Whether a little-endian scalar is below the order. Signatures are public: no need for constant time. */
function isReduced(scalar: Uint8Array): boolean {
  const order = hexToBytes(ORDER)
  for (let index = 31; index >= 0; index--) {
    const difference = (scalar[index] ?? 0) - (order[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
