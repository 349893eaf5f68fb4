/**
 * Policies that accept peers without proof. Reachable through `cocoonkit/unsafe` only; nothing in the library falls back
 * to them. Their reports stay `refused`: what was not verified is not called verified, the connection is merely used.
 *
 * @module
 */
import { equalBytes } from '../encoding/index.js'
import type { Verdict, VerdictPolicy } from '../runtime/ports/verdict.js'
import { throwIfAborted } from '../runtime/shared/index.js'
import { type ExaminedCertificate, examineCertificate } from './certificate/examine-certificate.js'
import { type CertificateEvidence, fakeReportData, SNP_REPORT_BYTES } from './certificate/evidence.js'
import { sha512 } from './crypto.js'
import { Findings } from './report/findings.js'
import { buildReport } from './report/report.js'
import { bodyOf } from './tdx/quote.js'

const CLOCK_SKEW_MS = 300_000

/**
 * Accepts whoever answers: a man in the middle reads every prompt and receives the account secret.
 *
 * @deprecated Not deprecated, dangerous: marked so that editors strike it through. For experiments on loopback only.
 */
export function acceptAnyPeer(): VerdictPolicy {
  return {
    name: 'unsafe: accept any peer',
    async judge(peer, { now, signal }) {
      throwIfAborted(signal, 'attestation')
      const findings = new Findings()
      findings.check(
        'unsafe.accepted',
        false,
        'accepted unseen: certificate, evidence, key binding and image were not looked at'
      )
      return await unsafeVerdict(findings, { kind: 'none', certificateDer: peer.certificateDer, now, accepted: true })
    }
  }
}

/**
 * Accepts peers of a test network as the reference's `fake_tee` does: a well-formed certificate with evidence of one family
 * whose report data names the certificate's key. The evidence may be one of the fakes (v3.md §6.3) or a quote or report
 * whose signatures are not looked at; certificates without evidence are refused. Proves that the peer holds its own key,
 * nothing more.
 *
 * @deprecated Not deprecated, dangerous: marked so that editors strike it through. For test networks only.
 */
export function acceptFakeTee(): VerdictPolicy {
  return {
    name: 'unsafe: accept fake evidence',
    async judge(peer, { now, signal }) {
      throwIfAborted(signal, 'attestation')
      const findings = new Findings()
      const accepted = (await findings.stage(() => examineFake(findings, peer.certificateDer, now))) ?? false
      findings.check(
        'unsafe.accepted',
        false,
        accepted ? 'evidence was accepted without verification: it proves no machine and no image' : 'not accepted'
      )
      return await unsafeVerdict(findings, { kind: 'fake', certificateDer: peer.certificateDer, now, accepted })
    }
  }
}

async function examineFake(findings: Findings, certificateDer: Uint8Array, now: Date): Promise<boolean> {
  const examined: ExaminedCertificate = await examineCertificate(findings, certificateDer, now.getTime(), CLOCK_SKEW_MS)
  if (examined.evidence === undefined) return false
  const reportData = fakeReportData(examined.evidence) ?? unverifiedReportData(examined.evidence)
  const due = await sha512(examined.certificate.publicKey.bytes)
  const named = reportData !== undefined && equalBytes(reportData, due)
  findings.check(
    'unsafe.fake-evidence',
    named,
    reportData === undefined ? 'evidence has no report data' : 'report data with SHA-512 of the key'
  )
  return findings.clean
}

/** Report data of evidence that has the form of the real thing; nothing about it is verified. */
function unverifiedReportData(evidence: CertificateEvidence): Uint8Array | undefined {
  if (evidence.kind === 'tdx') return bodyOf(evidence.quote)?.reportData
  return evidence.report.length === SNP_REPORT_BYTES ? evidence.report.subarray(80, 144) : undefined
}

async function unsafeVerdict(
  findings: Findings,
  facts: { kind: 'none' | 'fake'; certificateDer: Uint8Array; now: Date; accepted: boolean }
): Promise<Verdict> {
  const report = await buildReport(findings, {
    kind: facts.kind,
    evidence: facts.certificateDer,
    judgedAt: facts.now,
    trust: ['cocoonkit/unsafe: nothing is verified'],
    scope: ['certificate.', 'binding.', 'image.', 'evidence.', 'tdx.', 'snp.', 'unsafe.']
  })
  return { accepted: facts.accepted, verified: false, report }
}
