/**
 * Turns findings into the report: every check of the table once, in order, plus what was learnt on the way.
 *
 * @module
 */
import { bytesToHex, encodeUtf8 } from '../../encoding/index.js'
import type { AttestationCheck, AttestationReport, EvidenceKind, Verdict } from '../../runtime/ports/verdict.js'
import { sha256 } from '../crypto.js'
import { canonicalJson } from './canonical-json.js'
import { CHECK_IDS, type CheckId, isEnforced, remedyOf } from './checks.js'
import type { Findings } from './findings.js'
import { residualsOf } from './residuals.js'

/** What a verifier learnt besides its findings. */
export interface ReportFacts {
  readonly kind: EvidenceKind
  readonly imageHash?: string | undefined
  readonly tcbStatus?: string | undefined
  readonly advisoryIds?: readonly string[] | undefined
  /** The evidence as given; anything that is not bytes counts as empty. */
  readonly evidence: unknown
  /** The time that was given; an invalid one is reported as the epoch. */
  readonly judgedAt: unknown
  /** End of the verdict, milliseconds since the epoch. */
  readonly validUntilMs?: number | undefined
  readonly trust: readonly string[]
  /** Prefixes of the checks that this verification is about; the others are not applicable. */
  readonly scope: readonly string[]
}

/** Builds the report. The verdict is `verified` exactly when something was checked and no enforced check failed or was left out. */
export async function buildReport(findings: Findings, facts: ReportFacts): Promise<AttestationReport> {
  findings.check('verifier.internal', true, 'ran to its end')
  const checks = CHECK_IDS.map((id) => toCheck(id, findings, facts.scope))
  const refusedBy = checks.filter((check) => check.enforced && check.outcome === 'fail').map((check) => check.id)
  // A check in scope that never ran must not look like a pass: something before it failed, or the verifier is broken.
  const skipped = checks.find((check) => check.outcome === 'skip')
  if (refusedBy.length === 0 && skipped !== undefined) {
    findings.check('verifier.internal', false, `${skipped.id} was not reached although nothing failed`)
    return buildReport(findings, facts)
  }
  const verified = refusedBy.length === 0
  const body: Omit<AttestationReport, 'id'> = {
    schema: 'cocoonkit.attestation-report.v1',
    verdict: verified ? 'verified' : 'refused',
    kind: facts.kind,
    imageHash: facts.imageHash ?? null,
    tcbStatus: facts.tcbStatus ?? null,
    advisoryIds: facts.advisoryIds ?? [],
    evidenceSha256: bytesToHex(await sha256(facts.evidence instanceof Uint8Array ? facts.evidence : new Uint8Array(0))),
    judgedAt: isoTime(isValidDate(facts.judgedAt) ? facts.judgedAt.getTime() : 0),
    validUntil: verified && facts.validUntilMs !== undefined ? isoTime(facts.validUntilMs) : null,
    refusedBy,
    checks,
    residuals: residualsOf(facts.kind),
    trust: facts.trust
  }
  return { ...body, id: await reportId(body) }
}

/** Hex SHA-256 over the canonical JSON of a report without its id. */
export async function reportId(body: Omit<AttestationReport, 'id'>): Promise<string> {
  return bytesToHex(await sha256(encodeUtf8(canonicalJson({ ...body, id: undefined }))))
}

/** The verdict that goes with a report of a verifier: accepted and verified are the same thing here. */
export function verdictOf(report: AttestationReport): Verdict {
  const verified = report.verdict === 'verified'
  return { accepted: verified, verified, report }
}

/** Whether a value is a date that exists. */
export function isValidDate(value: unknown): value is Date {
  return value instanceof Date && Number.isFinite(value.getTime())
}

function toCheck(id: CheckId, findings: Findings, scope: readonly string[]): AttestationCheck {
  const enforced = isEnforced(id)
  const finding = findings.found.get(id)
  if (finding !== undefined) {
    return { id, enforced, ...finding, ...(finding.outcome === 'fail' ? { remedy: remedyOf(id) } : {}) }
  }
  if (scope.some((prefix) => id.startsWith(prefix))) {
    return { id, enforced, outcome: 'skip', compared: 'not reached: an earlier check failed' }
  }
  return { id, enforced, outcome: 'not-applicable', compared: 'not part of this kind of evidence' }
}

function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString()
}
