/**
 * Types of the verdict on a peer: the evidence that is judged, the report that a person can read, and the port that a
 * caller fills with a policy. The judging itself lives in attestation/.
 *
 * @module
 */

/** What is known of a peer when it is judged. */
export interface PeerEvidence {
  /** The leaf certificate exactly as received, DER. */
  readonly certificateDer: Uint8Array
  /** The address that was dialled, `host:port`; for the report only, never part of a decision. */
  readonly address: string
}

/** Outcome of one named check. */
export type CheckOutcome = 'pass' | 'fail' | 'skip' | 'not-applicable'

/** One named check of a report. */
export interface AttestationCheck {
  /** Stable, dotted, e.g. `tdx.quote.signature`. Each has a page in docs/checks. */
  readonly id: string
  readonly outcome: CheckOutcome
  /** Whether a failure of this check refuses the peer. */
  readonly enforced: boolean
  /** What was compared, in one line, without secrets. */
  readonly compared: string
  /** What can be done about a failure; absent when there is nothing to do. */
  readonly remedy?: string
}

/** Something that no verification can establish, stated so that nobody assumes it. */
export interface AttestationResidual {
  readonly id: string
  readonly statement: string
}

/** The kind of evidence that a certificate carried. */
export type EvidenceKind = 'tdx' | 'snp' | 'fake' | 'none'

/**
 * The result of judging one certificate. Plain JSON data; equal evidence, collateral, policy and time give an equal report.
 */
export interface AttestationReport {
  readonly schema: 'cocoonkit.attestation-report.v1'
  /** Hex SHA-256 over the canonical JSON of the other fields. */
  readonly id: string
  readonly verdict: 'verified' | 'refused'
  readonly kind: EvidenceKind
  /** Image hash as the network computes it, 64 lower-case hex digits; `null` when there is no evidence to compute it from. */
  readonly imageHash: string | null
  /** TCB status in Intel's words (`UpToDate`, …) or `null`. */
  readonly tcbStatus: string | null
  /** Advisory ids that apply to the platform, e.g. `INTEL-SA-00837`. */
  readonly advisoryIds: readonly string[]
  /** Hex SHA-256 of the evidence (the certificate, or the bare quote or report where there was no certificate). */
  readonly evidenceSha256: string
  /** The time that the evidence was judged at, ISO 8601 UTC. */
  readonly judgedAt: string
  /** Until when the verdict may be reused: the earliest end of certificate, collateral and policy; ISO 8601 UTC, `null` when refused. */
  readonly validUntil: string | null
  /** Ids of the failed checks that were enforced; empty exactly when verified. */
  readonly refusedBy: readonly string[]
  readonly checks: readonly AttestationCheck[]
  readonly residuals: readonly AttestationResidual[]
  /** How the lists that it was judged against were learnt, e.g. `given by the caller`. */
  readonly trust: readonly string[]
}

/** What a policy decided. */
export interface Verdict {
  /** Whether the connection may be used. */
  readonly accepted: boolean
  /** Whether it was accepted because the evidence was verified (`false` for everything that `cocoonkit/unsafe` accepts). */
  readonly verified: boolean
  readonly report: AttestationReport
}

/** Judges peers. Safe to call in parallel. */
export interface VerdictPolicy {
  /** Shown in reports and events. */
  readonly name: string
  /**
   * Called when a connection begins, before there is evidence: a policy may fetch meanwhile what judging needs. Nobody
   * waits for it, and `judge` works without it.
   */
  prepare?(): void
  /**
   * Never rejects because of the evidence: a bad peer is a verdict with `accepted: false`.
   *
   * @throws CocoonError `ERR_ABORTED`.
   */
  judge(
    peer: PeerEvidence,
    options: { readonly now: Date; readonly signal?: AbortSignal | undefined }
  ): Promise<Verdict>
}
