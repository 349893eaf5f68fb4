/**
 * Everything that is judged about a peer's certificate apart from the evidence inside it: strict structure, Ed25519,
 * self-signature, validity, roles, extensions. Source: wire.md §3.2 and §3.3, v3.md §6.2.
 *
 * @module
 */
import { bytesToHex, equalBytes } from '../../encoding/index.js'
import { DER_TAG, DerReader, decodeDerBitString, decodeDerOid, readDer } from '../../encoding/der/index.js'
import { type ParsedCertificate, parseCertificate, verifyEd25519 } from '../../encoding/x509/index.js'
import type { Findings } from '../report/findings.js'
import { type CertificateEvidence, EVIDENCE_OID, evidenceOf, MAX_EVIDENCE_BYTES } from './evidence.js'

/** A certificate that parsed, with its evidence when it carries exactly one kind. */
export interface ExaminedCertificate {
  readonly certificate: ParsedCertificate
  readonly evidence: CertificateEvidence | undefined
}

const BASIC_CONSTRAINTS = '2.5.29.19'
const KEY_USAGE = '2.5.29.15'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const SUBJECT_ALT_NAME = '2.5.29.17'
const SUBJECT_KEY_ID = '2.5.29.14'
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ANY_USAGE = '2.5.29.37.0'
const REFERENCE_LIFETIME_MS = 86_400_000

const UNDERSTOOD: ReadonlySet<string> = new Set([
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  EXTENDED_KEY_USAGE,
  SUBJECT_ALT_NAME,
  SUBJECT_KEY_ID,
  ...Object.values(EVIDENCE_OID)
])

/** Judges the certificate and records what it finds; leaves the stage only when it does not parse. */
export async function examineCertificate(
  findings: Findings,
  der: Uint8Array,
  nowMs: number,
  clockSkewMs: number
): Promise<ExaminedCertificate> {
  const certificate = findings.parse('certificate.der', `${der.length} bytes`, () => parseCertificate(der))
  // Version 2 differs from 1 only by unique ids, which do not parse here: nobody makes it honestly.
  findings.check('certificate.version', certificate.version !== 2, `version ${certificate.version}`)
  const { publicKey, signatureAlgorithm } = certificate
  findings.check('certificate.key', publicKey.algorithm === 'Ed25519', `a key of type ${publicKey.algorithm}`)
  findings.check('certificate.issuer', equalBytes(certificate.issuer, certificate.subject), 'issuer with subject')
  const signed =
    signatureAlgorithm === 'Ed25519' &&
    publicKey.algorithm === 'Ed25519' &&
    (await verifyEd25519(publicKey.bytes, certificate.signature, certificate.tbs))
  findings.check(
    'certificate.signature',
    signed,
    `${signatureAlgorithm} signature with the key ${bytesToHex(publicKey.bytes).slice(0, 64)}`
  )
  checkTime(findings, certificate, nowMs, clockSkewMs)
  const unknown = certificate.extensions.find((extension) => extension.critical && !UNDERSTOOD.has(extension.oid))
  findings.check(
    'certificate.extensions',
    unknown === undefined,
    unknown === undefined ? `${certificate.extensions.length} extensions` : `critical extension ${unknown.oid}`
  )
  findings.check('certificate.usage', mayServe(certificate), 'basicConstraints, keyUsage and extKeyUsage')
  return { certificate, evidence: checkEvidence(findings, certificate) }
}

function checkTime(findings: Findings, certificate: ParsedCertificate, nowMs: number, clockSkewMs: number): void {
  const from = certificate.notBefore.getTime()
  const until = certificate.notAfter.getTime()
  const window = `${certificate.notBefore.toISOString()} to ${certificate.notAfter.toISOString()}, skew ${clockSkewMs / 1000} s`
  findings.check(
    'certificate.validity',
    from <= until && nowMs >= from - clockSkewMs && nowMs <= until + clockSkewMs,
    window
  )
  findings.check('certificate.lifetime', until - from <= REFERENCE_LIFETIME_MS, `${(until - from) / 1000} s`)
}

function checkEvidence(findings: Findings, certificate: ParsedCertificate): CertificateEvidence | undefined {
  const evidence = evidenceOf(certificate)
  const found = certificate.extensions
    .filter((extension) => Object.values<string>(EVIDENCE_OID).includes(extension.oid))
    .map((extension) => `${extension.oid}${extension.critical ? '' : ' (not critical)'}`)
  const described = found.length === 0 ? 'no evidence extension' : found.join(', ')
  if (!findings.check('certificate.evidence', evidence !== undefined, described) || evidence === undefined)
    return undefined
  const parts = Object.values(evidence).filter((part): part is Uint8Array => part instanceof Uint8Array)
  const size = Math.max(...parts.map((part) => part.length))
  findings.check('certificate.evidence-size', size <= MAX_EVIDENCE_BYTES, `${size} bytes`)
  if (evidence.kind === 'tdx') {
    findings.check(
      'certificate.claims',
      equalBytes(evidence.claims, certificate.publicKey.bytes),
      'claims with the key'
    )
  } else {
    findings.notApplicable('certificate.claims', 'AMD evidence has no claims')
  }
  return evidence
}

/** What OpenSSL's purpose check demands of a server: not a CA, may sign, may serve; an absent extension restricts nothing. */
function mayServe(certificate: ParsedCertificate): boolean {
  const value = (oid: string): Uint8Array | undefined =>
    certificate.extensions.find((extension) => extension.oid === oid)?.value
  try {
    const constraints = value(BASIC_CONSTRAINTS)
    if (constraints !== undefined && readDer(constraints, DER_TAG.sequence).content.length !== 0) return false
    const usage = value(KEY_USAGE)
    if (usage !== undefined && ((decodeDerBitString(readDer(usage)).bytes[0] ?? 0) & 0x80) === 0) return false
    const extended = value(EXTENDED_KEY_USAGE)
    if (extended === undefined) return true
    const purposes = new DerReader(readDer(extended, DER_TAG.sequence).content)
    let serves = false
    while (!purposes.done) {
      const purpose = decodeDerOid(purposes.next(DER_TAG.objectIdentifier))
      if (purpose === SERVER_AUTH || purpose === ANY_USAGE) serves = true
    }
    return serves
  } catch {
    return false
  }
}
