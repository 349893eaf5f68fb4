/**
 * The public verifiers: evidence, collateral, time and policy in, report out. Pure: no network, no clock, no state. Input
 * of any kind leads to a report; nothing is thrown.
 *
 * @module
 */
import { equalBytes } from '../encoding/index.js'
import type { AttestationReport } from '../runtime/ports/verdict.js'
import { type CertificateEvidence, fakeReportData, SNP_REPORT_BYTES } from './certificate/evidence.js'
import { examineCertificate } from './certificate/examine-certificate.js'
import type { Findings } from './report/findings.js'
import type { SnpCollateral } from './snp/collateral.js'
import { loadSnp } from './snp/load.js'
import type { TdxCollateral } from './tdx/collateral.js'
import { examineTdxEvidence } from './tdx/examine-evidence.js'
import { MAX_QUOTE_BYTES } from './tdx/quote.js'
import {
  examineKeyBinding,
  runVerification,
  type VerificationFacts,
  type VerificationInput,
  type VerifyOptions
} from './verification.js'

/** Collateral of either kind: an object, or its JSON text. */
export type Collateral = TdxCollateral | SnpCollateral | string

/**
 * Supplies the collateral for evidence, once the certificate around it was looked at. `undefined` ends the verification;
 * the supplier has then recorded why.
 */
export type SupplyCollateral = (evidence: CertificateEvidence, findings: Findings) => Promise<unknown>

const MAX_CERTIFICATE_BYTES = 131_072
const EVIDENCE_SCOPE: readonly string[] = ['evidence.', 'binding.', 'image.']

/**
 * Verifies a bare TDX quote.
 *
 * @param quote - Version 4 or 5.
 * @param collateral - Object or JSON text in the shape of Intel's tools.
 * @returns a report; its `verdict` is `verified` only when every enforced check passed. Never rejects.
 */
export async function verifyTdxQuote(
  quote: Uint8Array,
  collateral: TdxCollateral | string,
  options: VerifyOptions
): Promise<AttestationReport> {
  return await runVerification(quote, options, {
    kind: 'tdx',
    maxBytes: MAX_QUOTE_BYTES,
    scope: ['tdx.', ...EVIDENCE_SCOPE],
    examine: async (findings, input) => await examineTdx(findings, input, input.evidence, collateral ?? null)
  })
}

/**
 * Verifies a bare AMD SEV-SNP report; the VCEK comes with the collateral. Products without a root (docs/attestation.md,
 * "AMD") are refused by `snp.product`.
 *
 * @param report - 1184 bytes.
 * @returns as {@link verifyTdxQuote}.
 */
export async function verifySnpReport(
  report: Uint8Array,
  collateral: SnpCollateral | string,
  options: VerifyOptions
): Promise<AttestationReport> {
  return await runVerification(report, options, {
    kind: 'snp',
    maxBytes: SNP_REPORT_BYTES,
    scope: ['snp.', ...EVIDENCE_SCOPE],
    examine: async (findings, input) => {
      findings.notApplicable('snp.report.copy', 'a bare report has no copy of its report data')
      return await examineSnp(findings, input, { report: input.evidence, vcekPem: undefined }, collateral ?? null)
    }
  })
}

/**
 * Verifies a peer's certificate and the evidence in it. A certificate without evidence is refused whatever the policy says.
 *
 * @param certificate - DER, as the peer sent it.
 * @param collateral - For the evidence that the certificate carries.
 * @returns as {@link verifyTdxQuote}; the evidence hash of the report is that of the certificate.
 */
export async function verifyCertificate(
  certificate: Uint8Array,
  collateral: Collateral,
  options: VerifyOptions
): Promise<AttestationReport> {
  return await verifyCertificateWith(certificate, options, () => Promise.resolve(collateral ?? null))
}

/** {@link verifyCertificate} with collateral that is fetched after a first look. */
export async function verifyCertificateWith(
  certificate: unknown,
  options: unknown,
  supply: SupplyCollateral
): Promise<AttestationReport> {
  return await runVerification(certificate, options, {
    kind: 'none',
    maxBytes: MAX_CERTIFICATE_BYTES,
    scope: ['certificate.', 'tdx.', 'snp.', ...EVIDENCE_SCOPE],
    examine: async (findings, input) => {
      const { nowMs, rules } = input
      const examined = await findings.stage(() =>
        examineCertificate(findings, input.evidence, nowMs, rules.clockSkewMs)
      )
      if (examined?.evidence === undefined) return { kind: 'none', endMs: nowMs }
      const { evidence } = examined
      const key = examined.certificate.publicKey.bytes
      const fake = fakeReportData(evidence) !== undefined
      const collateral = fake ? undefined : await supply(evidence, findings)
      const facts = await examineInside(findings, { ...input, publicKey: key }, evidence, collateral)
      const certificateEnd = examined.certificate.notAfter.getTime() + rules.clockSkewMs
      return { ...facts, kind: fake ? 'fake' : facts.kind, endMs: Math.min(facts.endMs, certificateEnd) }
    }
  })
}

/** Evidence out of a certificate. */
async function examineInside(
  findings: Findings,
  input: VerificationInput,
  evidence: CertificateEvidence,
  collateral: unknown
): Promise<VerificationFacts> {
  if (evidence.kind === 'tdx') return await examineTdx(findings, input, evidence.quote, collateral)
  const { report, reportData, vcekPem } = evidence
  findings.check('snp.report.copy', equalBytes(reportData, report.subarray(80, 144)), 'report data in both places')
  return await examineSnp(findings, input, { report, vcekPem }, collateral)
}

async function examineTdx(
  findings: Findings,
  input: VerificationInput,
  quote: Uint8Array,
  collateral: unknown
): Promise<VerificationFacts> {
  const { rules, nowMs, roots, publicKey } = input
  const facts = await examineTdxEvidence(findings, { quote, collateral, rules, nowMs, root: roots.intel })
  await examineKeyBinding(findings, facts.reportData, publicKey)
  return { kind: 'tdx', ...facts }
}

async function examineSnp(
  findings: Findings,
  input: VerificationInput,
  evidence: { readonly report: Uint8Array; readonly vcekPem: Uint8Array | undefined },
  collateral: unknown
): Promise<VerificationFacts> {
  const { rules, nowMs, roots, publicKey } = input
  const { examineSnpEvidence } = await loadSnp()
  const facts = await examineSnpEvidence(findings, { ...evidence, collateral, rules, nowMs, roots })
  await examineKeyBinding(findings, facts.reportData, publicKey)
  return { kind: 'snp', ...facts }
}
