/**
 * Puts a self-signed Ed25519 certificate together (RFC 5280 §4.1, RFC 8410; wire.md §3.2 and §3.4).
 *
 * @module
 */
import {
  contextTag,
  DER_TAG,
  derBitString,
  derSequence,
  derSet,
  derText,
  derTime,
  derUnsigned,
  encodeDer
} from '../der/index.js'

/** What goes into a certificate besides its key. Everything was checked. */
export interface CertificateContent {
  /** Writes the version field. Without it the certificate is of version 1. */
  readonly isVersion3: boolean
  /** Big-endian magnitude. */
  readonly serial: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  /** Subject and issuer, DER. */
  readonly name: Uint8Array
  /** Each DER, in order. */
  readonly extensions: readonly Uint8Array[]
}

/** A key whose owner can sign. */
export interface Ed25519Signer {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array
  sign(content: Uint8Array): Promise<Uint8Array>
}

/** SEQUENCE { 1.3.101.112 } */
const ED25519 = /* @__PURE__ */ Uint8Array.of(0x30, 5, 6, 3, 0x2b, 0x65, 0x70)

/** The certificate, DER. */
export async function signCertificate(content: CertificateContent, key: Ed25519Signer): Promise<Uint8Array> {
  const { isVersion3, serial, notBefore, notAfter, name, extensions } = content
  const body = derSequence(
    ...(isVersion3 ? [encodeDer(contextTag(0), Uint8Array.of(DER_TAG.integer, 1, 2))] : []),
    derUnsigned(serial),
    ED25519,
    name,
    derSequence(derTime(notBefore), derTime(notAfter)),
    name,
    derSequence(ED25519, derBitString(key.publicKey)),
    ...(extensions.length > 0 ? [encodeDer(contextTag(3), derSequence(...extensions))] : [])
  )
  return derSequence(body, ED25519, derBitString(await key.sign(body)))
}

/** Subject and issuer of the reference's certificates: last arc below 2.5.4, with its text, in its order (wire.md §3.2). */
const REFERENCE_NAME = [
  [6, 'AE'],
  [8, 'DUBAI'],
  [10, 'TDLib Development'],
  [11, 'Security'],
  [3, 'localhost']
] as const
const COUNTRY = 6

/** The name that the reference's certificates carry, DER. */
export function referenceName(): Uint8Array {
  return derSequence(
    ...REFERENCE_NAME.map(([arc, text]) => {
      const type = Uint8Array.of(DER_TAG.objectIdentifier, 3, 0x55, 4, arc)
      return derSet(derSequence(type, derText(arc === COUNTRY ? DER_TAG.printableString : DER_TAG.utf8String, text)))
    })
  )
}
