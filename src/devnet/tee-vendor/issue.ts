/**
 * Issues certificates and revocation lists for the devnet's synthetic vendors: any chain, on purpose also wrong ones.
 *
 * Source: RFC 5280 §4.1 and §5.1; names and roles as the vendors write them.
 *
 * @module
 */
import { constants, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import {
  contextTag,
  DER_TAG,
  derBitString,
  derBoolean,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derText,
  derTime,
  derUnsigned,
  encodeDer
} from '../../encoding/der/index.js'
import { hexToBytes } from '../../encoding/index.js'
import type { CertificateExtension, NameAttribute } from '../../encoding/x509/index.js'

/** Kinds of keys that the vendors sign with. */
export type KeyKind = 'P-256' | 'P-384' | 'RSA'

/** A key pair of a synthetic vendor. Lives in memory only. */
export interface VendorKey {
  readonly kind: KeyKind
  readonly privateKey: KeyObject
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
}

/** A certificate with what it takes to issue below it. */
export interface IssuedCertificate {
  readonly der: Uint8Array
  readonly key: VendorKey
  /** Name, DER. */
  readonly subject: Uint8Array
  readonly serial: Uint8Array
}

/** Validity in Unix milliseconds. */
export interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** What a certificate says. */
export interface CertificateContent extends Validity {
  readonly name: readonly NameAttribute[]
  readonly key: VendorKey
  /** CA with this many CAs below it; `undefined` = end entity. */
  readonly pathLength?: number | undefined
  /** Beside basicConstraints and keyUsage. */
  readonly extensions?: readonly CertificateExtension[] | undefined
}

/** Size of RSA keys, bits. Generation takes time that grows steeply, and AMD's 4096 prove nothing more on a devnet. */
const RSA_BITS = 2048

/** `AlgorithmIdentifier` of signatures by each kind of key, DER. PSS is SHA-384 with a salt of 48, the trailer as AMD writes it. */
const SIGNATURE_ALGORITHMS: Readonly<Record<KeyKind, Uint8Array>> = {
  'P-256': hexToBytes('300a06082a8648ce3d040302'),
  'P-384': hexToBytes('300a06082a8648ce3d040303'),
  RSA: hexToBytes(
    '304606092a864886f70d01010a3039a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130a303020101'
  )
}

/** Makes a key. */
export function createKey(kind: KeyKind): VendorKey {
  const { privateKey, publicKey } =
    kind === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: RSA_BITS })
      : generateKeyPairSync('ec', { namedCurve: kind })
  return { kind, privateKey, spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) }
}

/** Point `04 ‖ X ‖ Y` of an elliptic curve key: the end of its SubjectPublicKeyInfo. */
export function pointOf(key: VendorKey): Uint8Array {
  return key.spki.subarray(-(key.kind === 'P-384' ? 97 : 65))
}

/** Signs in X.509's form: DER for curves, PSS for RSA. */
function signX509(key: VendorKey, bytes: Uint8Array): Uint8Array {
  if (key.kind === 'RSA') {
    const options = { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 }
    return new Uint8Array(sign('sha384', bytes, options))
  }
  return new Uint8Array(sign(key.kind === 'P-256' ? 'sha256' : 'sha384', bytes, key.privateKey))
}

/** ECDSA as `r ‖ s`, big-endian: SHA-256 with P-256, SHA-384 with P-384. */
export function signRaw(key: VendorKey, bytes: Uint8Array): Uint8Array {
  const hash = key.kind === 'P-256' ? 'sha256' : 'sha384'
  return new Uint8Array(sign(hash, bytes, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }))
}

/** A positive serial number of 16 bytes. */
function createSerial(): Uint8Array {
  const serial = new Uint8Array(randomBytes(16))
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 1
  return serial
}

function encodeName(name: readonly NameAttribute[]): Uint8Array {
  const attributes = name.map(({ oid, text }) => {
    const tag = oid === '2.5.4.6' ? DER_TAG.printableString : DER_TAG.utf8String
    return derSet(derSequence(derOid(oid), derText(tag, text)))
  })
  return derSequence(...attributes)
}

function encodeExtension({ oid, critical, value }: CertificateExtension): Uint8Array {
  return derSequence(derOid(oid), ...(critical ? [derBoolean(true)] : []), derOctetString(value))
}

function roleExtensions(pathLength: number | undefined): CertificateExtension[] {
  const isCa = pathLength !== undefined
  // keyCertSign and cRLSign, or digitalSignature and nonRepudiation.
  const usage = isCa ? derBitString(Uint8Array.of(0x06), 1) : derBitString(Uint8Array.of(0xc0), 6)
  const constraints = isCa ? derSequence(derBoolean(true), derUnsigned(pathLength)) : derSequence()
  return [
    { oid: '2.5.29.15', critical: true, value: usage },
    { oid: '2.5.29.19', critical: true, value: constraints }
  ]
}

/**
 * Issues a certificate.
 *
 * @param issuer - Default: self-signed.
 * @param signWith - Key that signs, when it is to be another than the issuer's: a forgery.
 */
export function issueCertificate(
  content: CertificateContent,
  issuer?: IssuedCertificate,
  signWith?: VendorKey
): IssuedCertificate {
  const signer = signWith ?? issuer?.key ?? content.key
  const algorithm = SIGNATURE_ALGORITHMS[signer.kind]
  const subject = encodeName(content.name)
  const serial = createSerial()
  const extensions = [...roleExtensions(content.pathLength), ...(content.extensions ?? [])].map(encodeExtension)
  const body = derSequence(
    encodeDer(contextTag(0), derUnsigned(2)),
    derUnsigned(serial),
    algorithm,
    issuer?.subject ?? subject,
    derSequence(derTime(new Date(content.notBeforeMs)), derTime(new Date(content.notAfterMs))),
    subject,
    content.key.spki,
    encodeDer(contextTag(3), derSequence(...extensions))
  )
  const der = derSequence(body, algorithm, derBitString(signX509(signer, body)))
  return { der, key: content.key, subject, serial }
}

/**
 * Issues a revocation list.
 *
 * @param signWith - As in {@link issueCertificate}.
 * @returns DER.
 */
export function issueCrl(
  issuer: IssuedCertificate,
  content: { readonly thisUpdateMs: number; readonly nextUpdateMs: number; readonly revoked: readonly Uint8Array[] },
  signWith: VendorKey = issuer.key
): Uint8Array {
  const algorithm = SIGNATURE_ALGORITHMS[signWith.kind]
  const thisUpdate = derTime(new Date(content.thisUpdateMs))
  const revoked = content.revoked.map((serial) => derSequence(derUnsigned(serial), thisUpdate))
  const crlNumber = derSequence(derOid('2.5.29.20'), derOctetString(derUnsigned(1)))
  const body = derSequence(
    derUnsigned(1),
    algorithm,
    issuer.subject,
    thisUpdate,
    derTime(new Date(content.nextUpdateMs)),
    ...(revoked.length > 0 ? [derSequence(...revoked)] : []),
    encodeDer(contextTag(0), derSequence(crlNumber))
  )
  return derSequence(body, algorithm, derBitString(signX509(signWith, body)))
}
