/**
 * Makes self-signed Ed25519 certificates in any form: the reference server's for the devnet, with a key that can be read.
 *
 * Sources: RFC 5280 §4.1, RFC 8410 (Ed25519 in PKIX), wire.md §3.2 and §3.4.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { decodeBase64 } from '../base64.js'
import {
  DER_TAG,
  derBitString,
  derBoolean,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derText,
  encodeDer
} from '../der/index.js'
import { type Ed25519Signer, referenceName, signCertificate } from './sign-certificate.js'

/** One extension to put into a certificate. */
export interface CertificateExtension {
  /** Dotted object identifier. */
  readonly oid: string
  readonly critical: boolean
  /** Content of the extnValue OCTET STRING. */
  readonly value: Uint8Array
}

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** Dotted object identifier of the attribute type. */
  readonly oid: string
  readonly text: string
}

/** Input of {@link createEd25519Certificate}. */
export interface Ed25519CertificateOptions {
  /** Key to certify; its private half must be extractable. Default: a fresh one. */
  readonly keyPair?: CryptoKeyPair | undefined
  /** 32-byte Ed25519 seed instead of `keyPair`, for reproducible certificates. */
  readonly seed?: Uint8Array | undefined
  readonly notBefore: Date
  readonly notAfter: Date
  /** Big-endian magnitude, 1…20 bytes, not all zero. */
  readonly serial: Uint8Array
  /** In this order; a function receives the raw public key. Default: none. */
  readonly extensions?:
    | readonly CertificateExtension[]
    | ((publicKey: Uint8Array) => readonly CertificateExtension[] | Promise<readonly CertificateExtension[]>)
    | undefined
  /**
   * `1` writes no version field even when there are extensions, which is what the reference server sends. Default 3 with
   * extensions, else 1.
   */
  readonly version?: 1 | 3 | undefined
  /** Subject and issuer. Default: the reference's five attributes. */
  readonly subject?: readonly NameAttribute[] | undefined
}

/** A certificate with its key. */
export interface Ed25519Certificate {
  readonly certificateDer: Uint8Array
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array
  /** PKCS #8 (RFC 8410 §7), 48 bytes. Secret. */
  readonly privateKeyPkcs8: Uint8Array
}

const COUNTRY = '2.5.4.6'
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20)

/**
 * Creates a self-signed Ed25519 certificate. Works the same on runtimes whose WebCrypto lacks Ed25519: the signature is
 * RFC 8032's deterministic one everywhere.
 *
 * @throws CocoonError `ERR_OPTIONS` for an unusable key, serial or validity.
 */
export async function createEd25519Certificate(options: Ed25519CertificateOptions): Promise<Ed25519Certificate> {
  const { serial, notBefore, notAfter } = options
  if (serial.length < 1 || serial.length > 20 || serial.every((octet) => octet === 0)) {
    throw optionsError('serial must be 1 to 20 bytes and not zero', 'serial')
  }
  if (!(notBefore.getTime() < notAfter.getTime())) throw optionsError('notBefore must be before notAfter', 'notBefore')
  const seed: Uint8Array = await seedOf(options)
  const privateKeyPkcs8 = new Uint8Array([...PKCS8_PREFIX, ...seed])
  const key = await importKey(privateKeyPkcs8)
  const { publicKey } = key
  const given = options.extensions ?? []
  const extensions = typeof given === 'function' ? await given(publicKey) : given
  const content = {
    isVersion3: (options.version ?? (extensions.length > 0 ? 3 : 1)) === 3,
    serial,
    notBefore,
    notAfter,
    name: options.subject === undefined ? referenceName() : encodeName(options.subject),
    extensions: extensions.map(encodeExtension)
  }
  return { certificateDer: await signCertificate(content, key), publicKey, privateKeyPkcs8 }
}

/**
 * The extensions of the reference's certificates in its order (wire.md §3.2): the evidence first, then
 * basicConstraints, keyUsage, extKeyUsage, subjectKeyIdentifier and subjectAltName.
 *
 * @param evidence - Evidence extensions (TDX: quote and claims; AMD: report data, report, VCEK). Default none.
 */
export async function referenceExtensions(
  publicKey: Uint8Array,
  evidence: readonly CertificateExtension[] = []
): Promise<CertificateExtension[]> {
  const keyId = new Uint8Array(await crypto.subtle.digest('SHA-1', publicKey.slice()))
  const ipv6Loopback = new Uint8Array(16)
  ipv6Loopback[15] = 1
  return [
    ...evidence,
    { oid: '2.5.29.19', critical: true, value: derSequence() },
    { oid: '2.5.29.15', critical: true, value: derBitString(Uint8Array.of(0x80), 7) },
    { oid: '2.5.29.37', critical: true, value: derSequence(derOid('1.3.6.1.5.5.7.3.1'), derOid('1.3.6.1.5.5.7.3.2')) },
    { oid: '2.5.29.14', critical: false, value: derOctetString(keyId) },
    {
      oid: '2.5.29.17',
      critical: false,
      value: derSequence(derText(0x82, 'localhost'), derText(0x82, '127.0.0.1'), encodeDer(0x87, ipv6Loopback))
    }
  ]
}

/** Both halves of a key: by WebCrypto, or by tweetnacl (loaded only then) on runtimes without Ed25519. */
async function importKey(pkcs8: Uint8Array<ArrayBuffer>): Promise<Ed25519Signer> {
  try {
    const key = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign'])
    const { x } = await crypto.subtle.exportKey('jwk', key)
    return {
      publicKey: decodeBase64(x as string, { urlSafe: true }),
      sign: async (content) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, new Uint8Array(content)))
    }
  } catch {
    const { default: nacl } = await import('tweetnacl')
    const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(pkcs8.slice(PKCS8_PREFIX.length))
    return { publicKey, sign: async (content) => nacl.sign.detached(content, secretKey) }
  }
}

async function seedOf(options: Ed25519CertificateOptions): Promise<Uint8Array> {
  if (options.seed !== undefined) {
    if (options.seed.length !== 32) throw optionsError('seed must be 32 bytes', 'seed')
    return options.seed.slice()
  }
  // Any 32 secure random bytes are a seed (RFC 8032 §5.1.5).
  if (options.keyPair === undefined) return crypto.getRandomValues(new Uint8Array(32))
  try {
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', options.keyPair.privateKey))
    if (pkcs8.length >= 48 && PKCS8_PREFIX.every((octet, index) => index === 1 || pkcs8[index] === octet)) {
      return pkcs8.slice(PKCS8_PREFIX.length, PKCS8_PREFIX.length + 32)
    }
  } catch {
    // falls through to the same refusal
  }
  throw optionsError('keyPair must be an extractable Ed25519 key', 'keyPair')
}

function encodeName(attributes: readonly NameAttribute[]): Uint8Array {
  return derSequence(
    ...attributes.map(({ oid, text }) =>
      derSet(derSequence(derOid(oid), derText(oid === COUNTRY ? DER_TAG.printableString : DER_TAG.utf8String, text)))
    )
  )
}

function encodeExtension(extension: CertificateExtension): Uint8Array {
  const critical = extension.critical ? [derBoolean(true)] : []
  return derSequence(derOid(extension.oid), ...critical, derOctetString(extension.value))
}

function optionsError(message: string, field: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', message, { phase: 'options', field })
}
