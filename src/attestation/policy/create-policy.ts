/**
 * The policy that connections are judged with: certificate, evidence, collateral, image list, with one verification per
 * certificate however many connections ask, and a verdict that ends with the first thing that it rests on.
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import type { AttestationReport, PeerEvidence, Verdict, VerdictPolicy } from '../../runtime/ports/verdict.js'
import { abortedError, throwIfAborted } from '../aborted.js'
import { CollateralCache, type CollateralCacheOptions, type KeptCollateral } from '../collateral/cache.js'
import { collateralRequestFor } from '../collateral/request.js'
import type { CollateralRequest, CollateralSource } from '../collateral/source.js'
import { sha256 } from '../crypto.js'
import { createProofBundle, type ProofBundle } from '../proof-bundle.js'
import type { Findings } from '../report/findings.js'
import { canonicalJson } from '../report/canonical-json.js'
import { verdictOf } from '../report/report.js'
import type { DevnetTrust } from '../trust.js'
import { verifyCertificateWith } from '../verify.js'
import { checkPolicyOptions } from './check-options.js'
import type { AttestationPolicy } from './rules.js'

/** Image hashes with the way they were learnt. */
export interface ImageHashList {
  readonly imageHashes: readonly string[]
  /** Lines for the report, e.g. `image hashes: root contract EQ…, quorum of 3`. */
  readonly provenance: readonly string[]
}

/** Options of {@link createAttestationPolicy}. */
export interface AttestationPolicyOptions extends Omit<AttestationPolicy, 'imageHashes'>, CollateralCacheOptions {
  /** Accepted image hashes: a list, or a function that is asked on every judgement (a registry). */
  readonly imageHashes: readonly string[] | (() => ImageHashList | Promise<ImageHashList>)
  /** Where collateral comes from. */
  readonly collateral: CollateralSource
  /** Longest reuse of a verdict, milliseconds. Default 1 h. */
  readonly maxVerdictAgeMs?: number | undefined
  /** Roots of a devnet in place of the vendors'. Only `fromDevnet` makes such an object. */
  readonly trust?: DevnetTrust | undefined
}

/** A policy that can also prove its verdicts to others. */
export interface AttestationVerdictPolicy extends VerdictPolicy {
  /** Evidence, collateral and time of a report that this policy made; `undefined` once it was forgotten. */
  proofBundle(reportId: string): Promise<ProofBundle | undefined>
}

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

/**
 * Makes a policy. Verdicts belong to it alone: two policies share nothing.
 *
 * A verdict is used again only while certificate, image list, collateral and time allow it; refusals are never kept.
 *
 * @throws CocoonError `ERR_OPTIONS` for options of the wrong type or out of range, and without a list or a source. A list
 * that is empty is one: it refuses everything (`image.allow-list`).
 */
export function createAttestationPolicy(options: AttestationPolicyOptions): AttestationVerdictPolicy {
  checkPolicyOptions(options)
  const judge = new Judge(options)
  return {
    name: 'attestation',
    judge: (peer, { now, signal }) => judge.judge(peer, now, signal),
    proofBundle: (reportId) => judge.proofBundle(reportId)
  }
}

class Judge {
  readonly #options: AttestationPolicyOptions
  readonly #collateral: CollateralCache
  readonly #maxVerdictAgeMs: number
  readonly #kept = new Map<string, Kept>()
  readonly #flights = new Map<string, Promise<Kept>>()
  /** Highest TCB evaluation data numbers that verified, by document: an older one is not taken afterwards. */
  readonly #evaluationFloor = new Map<string, number>()

  constructor(options: AttestationPolicyOptions) {
    const { imageHashes } = options
    this.#options = { ...options, imageHashes: typeof imageHashes === 'function' ? imageHashes : [...imageHashes] }
    this.#collateral = new CollateralCache(options.collateral, options)
    this.#maxVerdictAgeMs = options.maxVerdictAgeMs ?? DEFAULT_MAX_VERDICT_AGE_MS
  }

  async judge(peer: PeerEvidence, now: Date, signal: AbortSignal | undefined): Promise<Verdict> {
    throwIfAborted(signal)
    const given: unknown = peer.certificateDer
    const certificate = given instanceof Uint8Array ? given.slice() : new Uint8Array(0)
    const { imageHashes, provenance } = await this.#imageHashes()
    const policy = { ...this.#policy(), imageHashes }
    const key = `${bytesToHex(await sha256(certificate))}:${typeof this.#options.imageHashes === 'function' ? canonicalJson([imageHashes, provenance]) : ''}`
    const nowMs = now.getTime()
    const kept = this.#kept.get(key)
    if (kept !== undefined && this.#stands(kept, nowMs)) return kept.verdict
    let flight = this.#flights.get(key)
    if (flight === undefined) {
      flight = this.#verify(certificate, policy, provenance, now).finally(() => this.#flights.delete(key))
      this.#flights.set(key, flight)
      flight.then((made) => this.#keep(key, made)).catch(() => undefined)
    }
    return (await unlessAborted(flight, signal)).verdict
  }

  async proofBundle(reportId: string): Promise<ProofBundle | undefined> {
    const kept = [...this.#kept.values()].find(({ verdict }) => verdict.report.id === reportId)
    if (kept?.collateral === undefined) return undefined
    const { certificate, policy, provenance, verdict } = kept
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
    if (!made.verdict.accepted) return void this.#kept.delete(key)
    this.#kept.delete(key)
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
    const options = { now, policy, provenance, trust: this.#options.trust }
    const report = await verifyCertificateWith(certificate, options, async (evidence, findings) => {
      // A certificate that is refused already is not worth a request to anybody.
      if (!findings.clean) return undefined
      request = collateralRequestFor(evidence)
      collateral = request && (await this.#fetch(request, findings, now.getTime()))
      return collateral?.collateral
    })
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

/** Waits for shared work without being able to end it for the others. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(abortedError(signal))
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }
}
