/**
 * What all verifications share: looking at the arguments before anything is believed, and writing the report at the end.
 *
 * @module
 */
import { equalBytes } from '../encoding/index.js'
import type { AttestationReport, EvidenceKind } from '../runtime/ports/verdict.js'
import { sha512 } from './crypto.js'
import { type AttestationPolicy, type AttestationRules, examinePolicy } from './policy/rules.js'
import { Findings } from './report/findings.js'
import { buildReport, isValidDate } from './report/report.js'
import { type DevnetTrust, rootsOf, type TrustRoots } from './trust.js'

/** How to judge. */
export interface VerifyOptions {
  /** The time to judge at. */
  readonly now: Date
  readonly policy: AttestationPolicy
  /**
   * Raw Ed25519 key (32 bytes) that a bare quote or report has to be bound to. Default: not looked at, and the report says
   * so. Ignored for certificates, which carry their key.
   */
  readonly publicKey?: Uint8Array | undefined
  /** Roots of a devnet in place of the vendors'. Only `fromDevnet` makes such an object. */
  readonly trust?: DevnetTrust | undefined
  /** How the lists of the policy were learnt; shown in the report. Default `['image hashes: given by the caller']`. */
  readonly provenance?: readonly string[] | undefined
}

/** Arguments that were looked at. */
export interface VerificationInput {
  readonly evidence: Uint8Array
  readonly nowMs: number
  readonly rules: AttestationRules
  readonly roots: TrustRoots
  readonly publicKey: Uint8Array | undefined
}

/** What a verification learnt. */
export interface VerificationFacts {
  readonly kind: EvidenceKind
  readonly imageHash?: string | undefined
  readonly tcbStatus?: string | undefined
  readonly advisoryIds?: readonly string[] | undefined
  /** Earliest end of everything that was relied on, milliseconds since the epoch. */
  readonly endMs: number
}

/** Default of {@link VerifyOptions.provenance}. */
const GIVEN_BY_CALLER: readonly string[] = ['image hashes: given by the caller']

/** One kind of verification. */
export interface VerificationPlan {
  readonly kind: EvidenceKind
  readonly maxBytes: number
  /** Prefixes of the checks that it is about. */
  readonly scope: readonly string[]
  examine(findings: Findings, input: VerificationInput): Promise<VerificationFacts>
}

/** Runs one verification from untrusted arguments to a report. Never throws. */
export async function runVerification(
  evidence: unknown,
  options: unknown,
  plan: VerificationPlan
): Promise<AttestationReport> {
  const findings = new Findings()
  const bytes = copyOf(evidence, plan.maxBytes)
  let facts: VerificationFacts = { kind: plan.kind, endMs: 0 }
  let input: VerificationInput | undefined
  let judgedAt: unknown
  let provenance: readonly string[] = []
  await findings.stage(async () => {
    const given = findings.parse('input.policy', 'options are an object', () => snapshotOptions(options))
    judgedAt = given.now
    input = examineInput(findings, bytes, given, await rootsOf(given.trust))
    provenance = given.provenance
    facts = await plan.examine(findings, input)
  })
  const roots = input?.roots.describe(facts.kind)
  // Once more: whose roots they were is known only now.
  if (roots !== undefined) findings.check('input.trust', true, roots)
  const policyEnd =
    typeof input?.rules.validUntil === 'string' ? Date.parse(input.rules.validUntil) : Number.POSITIVE_INFINITY
  return await buildReport(findings, {
    ...facts,
    evidence: bytes,
    judgedAt,
    validUntilMs: Math.min(facts.endMs, policyEnd),
    trust: roots === undefined ? [] : [...provenance, roots],
    // Several families in the scope: the one that the evidence turned out to be counts.
    scope: [
      'input.',
      ...plan.scope.filter((prefix) => FAMILIES.every((family) => prefix !== `${family}.` || family === facts.kind))
    ]
  })
}

const FAMILIES: readonly EvidenceKind[] = ['tdx', 'snp']

/** Judges that the evidence was made for a key. */
export async function examineKeyBinding(
  findings: Findings,
  reportData: Uint8Array | undefined,
  publicKey: unknown
): Promise<void> {
  if (publicKey === undefined) {
    findings.notApplicable('binding.report-data', 'no key was given: whose evidence this is was not looked at')
    return
  }
  if (reportData === undefined) return
  const isKey = publicKey instanceof Uint8Array && publicKey.length === 32
  const bound = isKey && equalBytes(reportData, await sha512(publicKey))
  findings.check('binding.report-data', bound, 'report data with SHA-512 of the Ed25519 key')
}

/** A copy that nobody else can change, also of shared memory; `undefined` for anything that is not bytes of that size. */
function copyOf(evidence: unknown, maxBytes: number): Uint8Array | undefined {
  try {
    const isFit = evidence instanceof Uint8Array && evidence.length > 0 && evidence.length <= maxBytes
    return isFit ? new Uint8Array(evidence) : undefined
  } catch {
    return undefined // a proxy around bytes
  }
}

interface GivenOptions {
  readonly now: unknown
  readonly policy: unknown
  readonly publicKey: unknown
  readonly trust: unknown
  readonly provenance: readonly string[]
}

/** Reads each member once. */
function snapshotOptions(options: unknown): GivenOptions {
  if (typeof options !== 'object' || options === null) throw new Error('not an object')
  const { now, policy, publicKey, trust, provenance } = options as Record<string, unknown>
  const texts = Array.isArray(provenance) ? provenance.map(String) : GIVEN_BY_CALLER
  return { now: isValidDate(now) ? new Date(now.getTime()) : now, policy, publicKey, trust, provenance: texts }
}

function examineInput(
  findings: Findings,
  evidence: Uint8Array | undefined,
  given: GivenOptions,
  roots: TrustRoots | undefined
): VerificationInput {
  const describedTime = isValidDate(given.now) ? given.now.toISOString() : 'not a date that exists'
  findings.check('input.time', isValidDate(given.now), describedTime)
  const describedRoots = roots?.describe('none') ?? 'an object that stands for no roots'
  findings.check('input.trust', roots !== undefined, describedRoots)
  const rules = examinePolicy(findings, given.policy)
  findings.demand(
    'input.evidence',
    evidence !== undefined,
    evidence === undefined ? 'not a byte array of acceptable size' : `${evidence.length} bytes`
  )
  findings.demand('input.trust', roots !== undefined, describedRoots)
  findings.demand('input.time', isValidDate(given.now), describedTime)
  const nowMs = given.now.getTime()
  const isCurrent = rules.validUntil === null || nowMs <= Date.parse(rules.validUntil)
  findings.check(
    'input.policy',
    isCurrent,
    rules.validUntil === null ? 'types and ranges of the policy' : `policy until ${rules.validUntil}`
  )
  const { publicKey } = given
  // A key of the wrong type is kept: it fails the binding by its own name.
  return { evidence, nowMs, rules, roots, publicKey: publicKey as Uint8Array | undefined }
}
