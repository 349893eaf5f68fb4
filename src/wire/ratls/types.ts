/**
 * What a connection up to the verdict needs and yields.
 *
 * @module
 */
import type { ByteStream, Dialer, DialTarget } from '../../runtime/ports/byte-stream.js'
import type { Clock, Random, YieldToEventLoop } from '../../runtime/ports/clock.js'
import type { SolveProofOfWork } from '../../runtime/ports/proof-of-work.js'
import type { TlsEngine } from '../../runtime/ports/tls-engine.js'
import type { Verdict, VerdictPolicy } from '../../runtime/ports/verdict.js'

/** The steps of a connection, in order. */
export type RatlsPhase = 'dial' | 'pow' | 'tls' | 'attestation'

/** One structured event. Holds no certificate bytes, keys, nonces or addresses of accounts. */
export type RatlsEvent =
  | {
      /** A step ended well. */
      readonly type: 'phase'
      readonly phase: RatlsPhase
      /** How long the step took, milliseconds. */
      readonly ms: number
      /** Difficulty asked by the peer; only for `pow`. */
      readonly difficultyBits?: number
      /** Size of the peer's certificate, bytes; only for `attestation`. */
      readonly bytes?: number
      /** Only for `attestation`. */
      readonly accepted?: boolean
      /** Only for `attestation`: id of the report. */
      readonly reportId?: string
    }
  | {
      /** The solver is still at work; at most one event in 250 ms. */
      readonly type: 'pow-progress'
      readonly difficultyBits: number
      /** Hashes tried so far. */
      readonly hashes: number
      readonly ms: number
    }

/** Options of `connectRatls`. */
export interface RatlsOptions {
  readonly target: DialTarget
  readonly dialer: Dialer
  readonly engine: TlsEngine
  /** Judges the peer. There is no default: refusing everybody is a policy of attestation/. */
  readonly policy: VerdictPolicy
  readonly clock: Clock
  readonly random: Random
  readonly yieldToEventLoop: YieldToEventLoop
  /** The one budget of dial, proof of work, TLS and verdict together; absent = no limit. */
  readonly signal?: AbortSignal | undefined
  /** Hardest proof of work accepted, bits. Default 28, as the reference client. */
  readonly maxPowDifficultyBits?: number | undefined
  /** Does the work. Default: this thread, in slices. */
  readonly solvePow?: SolveProofOfWork | undefined
  /** Watches the steps. What it throws is ignored. */
  readonly onEvent?: ((event: RatlsEvent) => void) | undefined
}

/** A connection whose peer was accepted. */
export interface RatlsConnection {
  /** Bytes inside TLS. */
  readonly stream: ByteStream
  readonly verdict: Verdict
  /** The leaf certificate as the peer sent it, DER. */
  readonly certificateDer: Uint8Array
}
