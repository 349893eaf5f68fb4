/**
 * Which evidence a certificate carries. Sources: wire.md §3.2, v3.md §6.2 and §6.3.
 *
 * @module
 */
import type { ParsedCertificate } from '../../encoding/x509/index.js'
import { isZero } from '../bits.js'

/** Object identifiers of the evidence extensions. */
export const EVIDENCE_OID = {
  tdxQuote: '1.3.6.1.4.1.12345.1',
  tdxClaims: '1.3.6.1.4.1.12345.2',
  snpReportData: '1.3.6.1.4.1.12345.100',
  snpReport: '1.3.6.1.4.1.12345.101',
  snpVcek: '1.3.6.1.4.1.12345.102'
} as const

/** Evidence as carried, not yet judged. */
export type CertificateEvidence =
  | { readonly kind: 'tdx'; readonly quote: Uint8Array; readonly claims: Uint8Array }
  | { readonly kind: 'snp'; readonly reportData: Uint8Array; readonly report: Uint8Array; readonly vcekPem: Uint8Array }

/** Size of an AMD report, bytes. */
export const SNP_REPORT_BYTES = 1184

/** Largest evidence extension, bytes (wire.md §3.2). */
export const MAX_EVIDENCE_BYTES = 32_768

/**
 * Evidence of a certificate: exactly one family, complete, every part critical; `undefined` otherwise. A part that is
 * not critical counts as absent, as the reference counts it, and then the family is incomplete.
 */
export function evidenceOf(certificate: ParsedCertificate): CertificateEvidence | undefined {
  const part = (oid: string): Uint8Array | undefined =>
    certificate.extensions.find((extension) => extension.oid === oid && extension.critical)?.value
  const present = certificate.extensions.filter((extension) =>
    Object.values<string>(EVIDENCE_OID).includes(extension.oid)
  )
  const quote = part(EVIDENCE_OID.tdxQuote)
  const claims = part(EVIDENCE_OID.tdxClaims)
  if (present.length === 2 && quote !== undefined && claims !== undefined) return { kind: 'tdx', quote, claims }
  const reportData = part(EVIDENCE_OID.snpReportData)
  const report = part(EVIDENCE_OID.snpReport)
  const vcekPem = part(EVIDENCE_OID.snpVcek)
  if (present.length === 3 && reportData !== undefined && report !== undefined && vcekPem !== undefined) {
    return { kind: 'snp', reportData, report, vcekPem }
  }
  return undefined
}

/**
 * Whether evidence is one of the fakes of test networks: 64 bytes (old), 496 bytes of zeros around the report data (new),
 * or an AMD report of version 0 (v3.md §6.3). Fakes prove nothing; this only gives their refusal its right name.
 *
 * @returns the report data of the fake, else `undefined`.
 */
export function fakeReportData(evidence: CertificateEvidence): Uint8Array | undefined {
  if (evidence.kind === 'tdx') return fakeQuoteReportData(evidence.quote)
  const { report } = evidence
  if (report.length !== SNP_REPORT_BYTES) return undefined
  const reportData = report.subarray(80, 144)
  return isZero(report.subarray(0, 80)) && isZero(report.subarray(144, 672)) ? reportData : undefined
}

/** Report data of a fake quote, else `undefined`. */
export function fakeQuoteReportData(quote: Uint8Array): Uint8Array | undefined {
  if (quote.length === 64) return quote
  if (quote.length !== 496) return undefined
  return isZero(quote.subarray(0, 384)) && isZero(quote.subarray(448)) ? quote.subarray(384, 448) : undefined
}
