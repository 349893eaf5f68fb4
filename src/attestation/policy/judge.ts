/**
 * Judges peers for a policy: certificate, evidence, collateral, image list, with one verification per certificate however
 * many connections ask, and a verdict that ends with the first thing that it rests on. Loaded when a connection begins.
 *
 * @module
 */
import { bytesToHex, equalBytes } from '../../encoding/index.js'
import type { AttestationReport, Verdict } from '../../runtime/ports/verdict.js'
import { raceAbort } from '../../runtime/shared/index.js'
import { CollateralCache, type KeptCollateral } from '../collateral/cache.js'
import { collateralRequestFor } from '../collateral/request.js'
import type { CollateralRequest } from '../collateral/source.js'
import { loadProofs } from '../load-proofs.js'
import type { ProofBundle } from '../proof-bundle.js'
import { canonicalJson } from '../report/canonical-json.js'
import type { Findings } from '../report/findings.js'
import { verdictOf } from '../report/report.js'
import { verifyCertificateWith } from '../verify.js'
import type { AttestationPolicyOptions, ImageHashList } from './options.js'
import type { AttestationPolicy } from './rules.js'

const DEFAULT_MAX_VERDICT_AGE_MS = 3_600_000
const MAX_KEPT_VERDICTS = 256

/** A verdict with what it rests on. */
interface Kept {
  readonly verdict: Verdict
  readonly certificate: Uint8Array
  readonly request: CollateralRequest | undefined
  readonly collateral: KeptCollateral | undefined
  readonly policy: AttestationPolicy
  readonly provenance: readonly string[]
}

/** A verification under way. */
interface Flight {
  readonly certificate: Uint8Array
  readonly made: Promise<Kept>
}

/** State of one policy. Safe to use in parallel. */
export class Judge {
  readonly #options: AttestationPolicyOptions
  readonly #collateral: CollateralCache
  readonly #maxVerdictAgeMs: number
  /** By {@link keyOf}: finds a candidate, which counts only for the very certificate that it was made for. */
  readonly #kept = new Map<string, Kept>()
  readonly #flights = new Map<string, Flight>()
  /** Highest TCB evaluation data numbers that verified, by document: an older one is not taken afterwards. */
  readonly #evaluationFloor = new Map<string, number>()

  /** @param options - Checked; belong to the judge. */
  constructor(options: AttestationPolicyOptions) {
    this.#options = options
    this.#collateral = new CollateralCache(options.collateral, options)
    this.#maxVerdictAgeMs = options.maxVerdictAgeMs ?? DEFAULT_MAX_VERDICT_AGE_MS
  }

  /** @param certificate - Belongs to the judge. */
  async judge(certificate: Uint8Array, now: Date, signal: AbortSignal | undefined): Promise<Verdict> {
    const { imageHashes, provenance } = await this.#imageHashes()
    const isFixed = typeof this.#options.imageHashes !== 'function'
    const key = keyOf(certificate, isFixed ? '' : canonicalJson([imageHashes, provenance]))
    const kept = this.#kept.get(key)
    if (isFor(kept, certificate) && this.#stands(kept, now.getTime())) return kept.verdict
    const flight = this.#flights.get(key)
    if (isFor(flight, certificate)) return (await raceAbort(flight.made, signal, 'attestation')).verdict
    const made = this.#verify(certificate, { ...this.#policy(), imageHashes }, provenance, now)
    this.#flights.set(key, { certificate, made })
    const landed = made
      .then((found) => this.#keep(key, found))
      .finally(() => {
        if (this.#flights.get(key)?.made === made) this.#flights.delete(key)
      })
    landed.catch(() => undefined)
    return (await raceAbort(made, signal, 'attestation')).verdict
  }

  async proofBundle(reportId: string): Promise<ProofBundle | undefined> {
    const kept = [...this.#kept.values()].find(({ verdict }) => verdict.report.id === reportId)
    if (kept?.collateral === undefined) return undefined
    const { certificate, policy, provenance, verdict } = kept
    const { createProofBundle } = await loadProofs()
    return await createProofBundle(
      { type: 'certificate', evidence: certificate, collateral: kept.collateral.collateral },
      { now: new Date(verdict.report.judgedAt), policy, provenance, trust: this.#options.trust }
    )
  }

  async #imageHashes(): Promise<ImageHashList> {
    const { imageHashes } = this.#options
    if (typeof imageHashes === 'function') {
      try {
        const learnt = await imageHashes()
        if (areTexts(learnt.imageHashes) && areTexts(learnt.provenance)) return learnt
      } catch {
        // Said below.
      }
      // A list that cannot be learnt is an empty one: it refuses.
      return { imageHashes: [], provenance: ['image hashes: could not be learnt'] }
    }
    return { imageHashes, provenance: ['image hashes: given by the caller'] }
  }

  #policy(): Omit<AttestationPolicy, 'imageHashes'> {
    const { tolerate, minTcbEvaluationDataNumber, minSnpTcb, clockSkewMs, validUntil } = this.#options
    return { tolerate, minTcbEvaluationDataNumber, minSnpTcb, clockSkewMs, validUntil }
  }

  /** Whether a kept verdict may be used now: time, age, and still the same collateral. */
  #stands(kept: Kept, nowMs: number): boolean {
    const { judgedAt, validUntil } = kept.verdict.report
    const judgedAtMs = Date.parse(judgedAt)
    // Written so that a time that is no number stands for nothing.
    if (validUntil === null || !(nowMs <= Date.parse(validUntil))) return false
    if (!(nowMs >= judgedAtMs && nowMs - judgedAtMs <= this.#maxVerdictAgeMs)) return false
    return kept.request !== undefined && this.#collateral.peek(kept.request, nowMs) === kept.collateral
  }

  #keep(key: string, made: Kept): void {
    if (isFor(this.#kept.get(key), made.certificate)) this.#kept.delete(key)
    if (!made.verdict.accepted) return
    this.#kept.set(key, made)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_KEPT_VERDICTS && oldest !== undefined) this.#kept.delete(oldest)
  }

  async #verify(
    certificate: Uint8Array,
    policy: AttestationPolicy,
    provenance: readonly string[],
    now: Date
  ): Promise<Kept> {
    let request: CollateralRequest | undefined
    let collateral: KeptCollateral | undefined
    let missing: unknown
    const options = { now, policy, provenance, trust: this.#options.trust }
    const report = await verifyCertificateWith(certificate, options, async (evidence, findings) => {
      // A certificate that is refused already is not worth a request to anybody.
      if (!findings.clean) return undefined
      try {
        request = await collateralRequestFor(evidence)
      } catch (error) {
        missing = error
      }
      collateral = request && (await this.#fetch(request, findings, now.getTime()))
      return collateral?.collateral
    })
    // Without its part of the verifier the evidence was not judged at all: that is no word against the peer.
    if (missing !== undefined) throw missing
    this.#learn(report, request, collateral)
    return { verdict: verdictOf(report), certificate, request, collateral, policy, provenance }
  }

  async #fetch(request: CollateralRequest, findings: Findings, nowMs: number): Promise<KeptCollateral | undefined> {
    try {
      const kept = await this.#collateral.get(request, nowMs)
      for (const [name, number] of evaluationDataNumbersOf(request, kept)) {
        const floor = this.#evaluationFloor.get(name) ?? 0
        if (number < floor) findings.check('tdx.collateral.number', false, `${number} after ${floor} was seen`)
      }
      return kept
    } catch {
      findings.check('policy.collateral', false, `collateral from ${this.#options.collateral.name}`)
      return undefined
    }
  }

  /** Raises the floor after a success; drops collateral that did not verify, so that the next connection asks again. */
  #learn(
    report: AttestationReport,
    request: CollateralRequest | undefined,
    collateral: KeptCollateral | undefined
  ): void {
    if (request === undefined || collateral === undefined) return
    if (report.verdict === 'refused') {
      const isSuspect = report.refusedBy.some((id) => COLLATERAL_CHECKS.test(id))
      if (isSuspect) this.#collateral.forget(request, collateral)
      return
    }
    for (const [name, number] of evaluationDataNumbersOf(request, collateral)) {
      this.#evaluationFloor.set(name, Math.max(number, this.#evaluationFloor.get(name) ?? 0))
    }
  }
}

/** Cheap and no proof of anything: the end of a certificate is its signature. */
function keyOf(certificate: Uint8Array, list: string): string {
  return bytesToHex(certificate.subarray(-64)) + list
}

/** Whether something was made for this certificate, byte for byte. */
function isFor<T extends { readonly certificate: Uint8Array }>(
  made: T | undefined,
  certificate: Uint8Array
): made is T {
  return made !== undefined && equalBytes(made.certificate, certificate)
}

const COLLATERAL_CHECKS =
  /^(tdx\.(collateral|signing|root-crl|pck-crl|tcb-info|qe-identity)|snp\.(collateral|chain|crl))\./

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

/** By document, as the texts name them; what they say counts only once their signatures were verified. */
function evaluationDataNumbersOf(
  request: CollateralRequest,
  { collateral }: KeptCollateral
): readonly (readonly [string, number])[] {
  if (request.kind !== 'tdx' || !('tcb_info' in collateral)) return []
  const documents = [
    [`TCB info of ${request.fmspc}`, collateral.tcb_info],
    ['QE identity', collateral.qe_identity]
  ] as const
  return documents.flatMap(([name, text]) => {
    const digits = /"tcbEvaluationDataNumber":(\d{1,9})[,}]/.exec(text)?.[1]
    return digits === undefined ? [] : [[name, Number(digits)] as const]
  })
}
