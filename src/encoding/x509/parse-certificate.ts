/**
 * Reads X.509 certificates strictly (RFC 5280 §4.1). Structure only: validity, names, roles and signatures are judged
 * elsewhere. A version 1 certificate with extensions is read, because the reference server sends such (wire.md §3.2).
 *
 * @module
 */
import {
  contextTag,
  DER_TAG,
  DerReader,
  decodeDerBitStringBytes,
  decodeDerBoolean,
  decodeDerNumber,
  decodeDerOid,
  decodeDerTime,
  decodeDerUnsigned,
  readDer
} from '../der/index.js'
import { equalBytes } from '../bytes.js'
import {
  readSubjectPublicKey,
  type SignatureAlgorithm,
  signatureAlgorithmOf,
  type SubjectPublicKey
} from './algorithms.js'
import type { CertificateExtension } from './create-certificate.js'
import { x509Error } from './x509-error.js'

/** A parsed certificate; all byte fields are views into the input. */
export interface ParsedCertificate {
  /** The whole certificate. */
  readonly der: Uint8Array
  /** What the signature covers. */
  readonly tbs: Uint8Array
  /** 1 when the field is absent. */
  readonly version: 1 | 2 | 3
  /** Magnitude, big-endian. */
  readonly serial: Uint8Array
  /** Name, DER. */
  readonly issuer: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  /** Name, DER. */
  readonly subject: Uint8Array
  readonly publicKey: SubjectPublicKey
  /** In order; each identifier occurs once. */
  readonly extensions: readonly CertificateExtension[]
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
}

/** Most extensions that are read. */
const MAX_EXTENSIONS = 32

/**
 * Parses one certificate that fills `der` exactly.
 *
 * @throws CocoonError `ERR_DER` | `ERR_X509`.
 */
export function parseCertificate(der: Uint8Array): ParsedCertificate {
  const { tbs, algorithm, signature } = readSigned(der)
  const reader = new DerReader(tbs.content)
  const versionField = reader.optional(contextTag(0))
  const version = versionField === undefined ? 1 : decodeDerNumber(readDer(versionField.content)) + 1
  // Version 1 is the default value; DER does not write defaults.
  if (version !== 2 && version !== 3 && !(version === 1 && versionField === undefined))
    throw x509Error('unknown version')
  const serial = decodeDerUnsigned(reader.next(DER_TAG.integer))
  if (serial.length > 20) throw x509Error('serial number is too long')
  if (!equalBytes(reader.next(DER_TAG.sequence).raw, algorithm.raw)) throw x509Error('signature algorithms differ')
  const issuer = reader.next(DER_TAG.sequence).raw
  const validity = reader.enter(DER_TAG.sequence)
  const notBefore = decodeDerTime(validity.next())
  const notAfter = decodeDerTime(validity.next())
  validity.end()
  const subject = reader.next(DER_TAG.sequence).raw
  const publicKey = readSubjectPublicKey(reader.next(DER_TAG.sequence))
  const extensionField = reader.optional(contextTag(3))
  reader.end()
  return {
    der,
    tbs: tbs.raw,
    version,
    serial,
    issuer,
    notBefore,
    notAfter,
    subject,
    publicKey,
    extensions: extensionField === undefined ? [] : readExtensions(extensionField.content),
    signatureAlgorithm: signatureAlgorithmOf(algorithm),
    signature
  }
}

/** The outer `SEQUENCE { toBeSigned, algorithm, BIT STRING }` that certificates and CRLs share. */
export function readSigned(der: Uint8Array): {
  readonly tbs: ReturnType<DerReader['next']>
  readonly algorithm: ReturnType<DerReader['next']>
  readonly signature: Uint8Array
} {
  const outer = new DerReader(readDer(der, DER_TAG.sequence).content)
  const tbs = outer.next(DER_TAG.sequence)
  const algorithm = outer.next(DER_TAG.sequence)
  const signature = decodeDerBitStringBytes(outer.next(DER_TAG.bitString))
  outer.end()
  return { tbs, algorithm, signature }
}

/** Reads `SEQUENCE OF Extension` that fills `bytes`. At least one, at most 32, none twice. */
export function readExtensions(bytes: Uint8Array): CertificateExtension[] {
  const list = new DerReader(readDer(bytes, DER_TAG.sequence).content)
  const extensions: CertificateExtension[] = []
  while (!list.done) {
    if (extensions.length === MAX_EXTENSIONS) throw x509Error('too many extensions')
    const fields = list.enter(DER_TAG.sequence)
    const oid = decodeDerOid(fields.next(DER_TAG.objectIdentifier))
    const criticalField = fields.optional(DER_TAG.boolean)
    const critical = criticalField !== undefined && decodeDerBoolean(criticalField)
    if (criticalField !== undefined && !critical) throw x509Error('a default value is written out')
    const value = fields.next(DER_TAG.octetString).content
    fields.end()
    if (extensions.some((extension) => extension.oid === oid)) throw x509Error('an extension occurs twice')
    extensions.push({ oid, critical, value })
  }
  if (extensions.length === 0) throw x509Error('an empty list of extensions')
  return extensions
}
