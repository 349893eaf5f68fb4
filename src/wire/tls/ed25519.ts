/**
 * Ed25519 (RFC 8032) on WebCrypto, on tweetnacl (loaded only then) where a runtime lacks it.
 *
 * @module
 */
import { hexToBytes } from '../../encoding/index.js'
import { asBuffer } from './cipher-suites.js'

const SIGNATURE_LENGTH = 64
const PUBLIC_KEY_LENGTH = 32
const ALGORITHM = { name: 'Ed25519' }

/** Order of the base point, little-endian (RFC 8032 §5.1). */
const ORDER = hexToBytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')

/** Signs bytes. */
export type Sign = (content: Uint8Array) => Promise<Uint8Array>

/**
 * Verifies a signature. `false` for every input that is not a valid signature, whatever its length; a scalar that is not
 * reduced is refused on all platforms alike (RFC 8032 §5.1.7; tweetnacl would accept it).
 */
export async function verifyEd25519(
  publicKey: Uint8Array,
  signature: Uint8Array,
  content: Uint8Array
): Promise<boolean> {
  if (signature.length !== SIGNATURE_LENGTH || publicKey.length !== PUBLIC_KEY_LENGTH) return false
  if (!isReducedScalar(signature.subarray(32))) return false
  let key: CryptoKey
  try {
    key = await crypto.subtle.importKey('raw', asBuffer(publicKey), ALGORITHM, false, ['verify'])
  } catch {
    // No Ed25519 here, or a key that the platform refuses: the portable check decides.
    const { default: nacl } = await import('tweetnacl')
    return nacl.sign.detached.verify(content, signature, publicKey)
  }
  return crypto.subtle.verify(ALGORITHM, key, asBuffer(signature), asBuffer(content))
}

/** Whether a little-endian scalar is below the order. Signatures are public: no need for constant time. */
function isReducedScalar(scalar: Uint8Array): boolean {
  for (let index = ORDER.length - 1; index >= 0; index--) {
    const difference = scalar[index]! - ORDER[index]!
    if (difference !== 0) return difference < 0
  }
  return false
}
