/**
 * Algorithm identifiers as data: exact DER of the few that are read. Anything else is unknown, not an error: what an
 * unknown algorithm means is for the caller to say.
 *
 * Sources: RFC 8410 (Ed25519), RFC 5480 and 5758 (ECDSA), RFC 4055 (RSASSA-PSS; AMD writes the default trailer field too).
 *
 * @module
 */
import { bytesToHex } from '../hex.js'
import { type DerElement, DER_TAG, DerReader, decodeDerBitStringBytes } from '../der/index.js'

/** Signature algorithms that are read. */
export type SignatureAlgorithm = 'Ed25519' | 'ECDSA-P256-SHA256' | 'ECDSA-SHA384' | 'RSA-PSS-SHA384' | 'unknown'

/** Public key algorithms that are read. */
export type KeyAlgorithm = 'Ed25519' | 'P-256' | 'P-384' | 'RSA' | 'unknown'

/** A subject's public key. */
export interface SubjectPublicKey {
  readonly algorithm: KeyAlgorithm
  /** Ed25519: 32 raw bytes; curves: the point `04 ‖ X ‖ Y`; RSA: RSAPublicKey, DER. */
  readonly bytes: Uint8Array
  /** The whole SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
}

const PSS = 'a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130'

/** Content of the AlgorithmIdentifier, hex. */
const SIGNATURES: Readonly<Record<string, SignatureAlgorithm>> = {
  '06032b6570': 'Ed25519',
  '06082a8648ce3d040302': 'ECDSA-P256-SHA256',
  '06082a8648ce3d040303': 'ECDSA-SHA384',
  [`06092a864886f70d01010a3034${PSS}`]: 'RSA-PSS-SHA384',
  [`06092a864886f70d01010a3039${PSS}a303020101`]: 'RSA-PSS-SHA384'
}

const KEYS: Readonly<Record<string, { readonly algorithm: KeyAlgorithm; readonly length?: number }>> = {
  '06032b6570': { algorithm: 'Ed25519', length: 32 },
  '06072a8648ce3d020106082a8648ce3d030107': { algorithm: 'P-256', length: 65 },
  '06072a8648ce3d020106052b81040022': { algorithm: 'P-384', length: 97 },
  '06092a864886f70d0101010500': { algorithm: 'RSA' }
}

/** Name of a signature AlgorithmIdentifier. */
export function signatureAlgorithmOf(identifier: DerElement): SignatureAlgorithm {
  return SIGNATURES[bytesToHex(identifier.content)] ?? 'unknown'
}

/** Reads a SubjectPublicKeyInfo. A key of the wrong length counts as unknown. */
export function readSubjectPublicKey(element: DerElement): SubjectPublicKey {
  const reader = new DerReader(element.content)
  const identifier = reader.next(DER_TAG.sequence)
  const bytes = decodeDerBitStringBytes(reader.next(DER_TAG.bitString))
  reader.end()
  const known = KEYS[bytesToHex(identifier.content)]
  const fits = known !== undefined && (known.length === undefined || known.length === bytes.length)
  return { algorithm: fits ? known.algorithm : 'unknown', bytes, spki: element.raw }
}
