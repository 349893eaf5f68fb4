/**
 * Authentication of the server: which signature schemes count, and how one is verified with a leaf certificate.
 *
 * @module
 */
import { contextTag, decodeDerBitStringBytes, DER_TAG, DerReader } from '../../encoding/der/index.js'
import { verifyEd25519 } from '../../encoding/x509/index.js'
import { equalBytes } from '../../encoding/index.js'
import { abort } from './alerts.js'
import { SCHEME_ED25519 } from './constants.js'

/** How a server proves that it holds the key of its certificate. */
export interface PeerAuthentication {
  /** Offered schemes, in order of preference. */
  readonly schemes: readonly number[]
  /**
   * Verifies a CertificateVerify. @returns whether the signature is valid.
   *
   * @throws TlsError `unsupported_certificate` when the certificate's key does not fit the scheme, `bad_certificate`.
   */
  verify(leafDer: Uint8Array, scheme: number, signature: Uint8Array, content: Uint8Array): Promise<boolean>
}

/** The network's only way: an Ed25519 certificate (wire.md §3.1). */
export const ed25519Authentication: PeerAuthentication = {
  schemes: [SCHEME_ED25519],
  verify: (leafDer, _scheme, signature, content) => verifyEd25519(readEd25519Key(leafDer), signature, content)
}

/** AlgorithmIdentifier of Ed25519, RFC 8410 §3: the object identifier 1.3.101.112 and no parameters. */
const ED25519_ALGORITHM = Uint8Array.of(6, 3, 43, 101, 112)

/**
 * The Ed25519 key of a certificate, 32 bytes. Reads no further than the key: everything else in the certificate is for
 * the verdict.
 *
 * @throws TlsError `bad_certificate` for what is not a certificate, `unsupported_certificate` for another kind of key.
 */
export function readEd25519Key(leafDer: Uint8Array): Uint8Array {
  const { algorithm, key } = readPublicKeyInfo(leafDer)
  if (!equalBytes(algorithm, ED25519_ALGORITHM) || key.length !== 32) {
    abort('unsupported_certificate', 'no Ed25519 key')
  }
  return key
}

function readPublicKeyInfo(leafDer: Uint8Array): { algorithm: Uint8Array; key: Uint8Array } {
  try {
    const certificate = new DerReader(leafDer)
    const body = certificate.enter(DER_TAG.sequence).enter(DER_TAG.sequence)
    certificate.end()
    body.optional(contextTag(0)) // version
    body.next(DER_TAG.integer) // serial number
    for (let skipped = 0; skipped < 4; skipped++) body.next(DER_TAG.sequence) // signature, issuer, validity, subject
    const keyInfo = body.enter(DER_TAG.sequence)
    const algorithm = keyInfo.next(DER_TAG.sequence).content
    return { algorithm, key: decodeDerBitStringBytes(keyInfo.next(DER_TAG.bitString)) }
  } catch {
    abort('bad_certificate', 'does not parse')
  }
}
