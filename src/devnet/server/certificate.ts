/**
 * The devnet's server certificates: the reference's form (self-signed Ed25519, validity of a day, extensions in its
 * order), with fake TEE evidence by default.
 *
 * Source: wire.md §3.2; v3.md §6.2–6.3.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { createEd25519Certificate, referenceExtensions, type CertificateExtension } from '../../encoding/x509/index.js'

/** Evidence that goes in front of the reference's extensions, for a public key (32 bytes). */
export type EvidenceMaker = (
  publicKey: Uint8Array
) => readonly CertificateExtension[] | Promise<readonly CertificateExtension[]>

/** What a certificate is made from. */
export interface ServerCertificateSettings {
  /** 1 leaves the version field out although there are extensions, as the reference built with OpenSSL 3.0 does. */
  readonly version: 1 | 3
  readonly evidence: EvidenceMaker
  readonly nowUnixMs: number
  /** Changes the finished certificate, for faults. */
  readonly changeDer?: ((der: Uint8Array) => Uint8Array) | undefined
}

/** PEM texts for node:tls. */
export interface ServerCertificate {
  readonly certificatePem: string
  readonly privateKeyPem: string
  readonly certificateDer: Uint8Array
  /** Raw Ed25519 key of the certificate. */
  readonly publicKey: Uint8Array
}

const DAY_MS = 86_400_000

/** 496 bytes: 384 zero bytes, SHA-512 of the key, 48 zero bytes; and the claims extension with the key itself. */
export function fakeTdxEvidence(publicKey: Uint8Array): CertificateExtension[] {
  const quote = new Uint8Array(496)
  quote.set(createHash('sha512').update(publicKey).digest(), 384)
  return [
    { oid: '1.3.6.1.4.1.12345.1', critical: true, value: quote },
    { oid: '1.3.6.1.4.1.12345.2', critical: true, value: publicKey }
  ]
}

/** The 64-byte form of December 2025: the report data alone. */
export function fakeTdxEvidence2025(publicKey: Uint8Array): CertificateExtension[] {
  const [quote, claims] = fakeTdxEvidence(publicKey)
  if (quote === undefined || claims === undefined) return []
  return [{ ...quote, value: quote.value.slice(384, 448) }, claims]
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** Makes a fresh key and its certificate. */
export async function createServerCertificate(settings: ServerCertificateSettings): Promise<ServerCertificate> {
  const serial = new Uint8Array(randomBytes(16))
  serial[0] = (serial[0] ?? 0) | 1
  // The reference does not back-date; whole seconds, because certificates have no finer time.
  const notBeforeMs = Math.floor(settings.nowUnixMs / 1000) * 1000
  const made = await createEd25519Certificate({
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notBeforeMs + DAY_MS),
    serial,
    version: settings.version,
    extensions: async (publicKey) => referenceExtensions(publicKey, await settings.evidence(publicKey))
  })
  const certificateDer = settings.changeDer?.(made.certificateDer) ?? made.certificateDer
  return {
    certificatePem: pem('CERTIFICATE', certificateDer),
    privateKeyPem: pem('PRIVATE KEY', made.privateKeyPkcs8),
    certificateDer,
    publicKey: made.publicKey
  }
}
