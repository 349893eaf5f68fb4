/**
 * Tries one address step by step and says how far it came: the ground of `verify` and `doctor`.
 *
 * @module
 */
import { CocoonError, type ErrorPhase } from '../errors.js'
import { AttestationRefusedError } from '../runtime/ports/attestation-refused-error.js'
import type { Runtime } from '../runtime/ports/runtime.js'
import type { AttestationReport, Verdict, VerdictPolicy } from '../runtime/ports/verdict.js'
import type { RatlsEvent } from '../wire/ratls/index.js'
import type { SessionOptions } from '../wire/session/index.js'
import { parseProxyAddress } from './network/index.js'
import { createCallBudget } from './openai/surface/index.js'
import { pureTlsEngine } from './tls-engine.js'

/** A step of a probe, in order. */
export type ProbePhaseName = 'dial' | 'pow' | 'tls' | 'attestation' | 'handshake' | 'authorization'

/** How one step went. */
export interface ProbePhase {
  readonly phase: ProbePhaseName
  readonly outcome: 'ok' | 'failed' | 'not-reached' | 'not-asked'
  /** Milliseconds, of an `ok` step. */
  readonly ms?: number
  /** One line about what was seen, e.g. the difficulty. */
  readonly detail?: string
}

/** What a probe found. Never thrown: a failure is a result. */
export interface ProbeReport {
  readonly address: string
  /** Whether every step that was asked for went well. */
  readonly ok: boolean
  readonly phases: readonly ProbePhase[]
  /** The report on the peer, also when it was refused; absent when no certificate was judged. */
  readonly attestation?: AttestationReport
  /** Only after a handshake. */
  readonly protocolVersion?: number
  /** Why it ended, when it failed. */
  readonly error?: CocoonError
}

/** Options of {@link probe}. */
export interface ProbeOptions {
  /** `host:port`. */
  readonly address: string
  readonly policy: VerdictPolicy
  /** Also shake hands and authorise with this account. Default: stop after the verdict; no account is involved. */
  readonly handshake?:
    | Pick<SessionOptions, 'isTest' | 'owner' | 'secret' | 'configVersion' | 'authorizeLong' | 'limits'>
    | undefined
  /** Hardest proof of work accepted, bits. Default 28. */
  readonly maxPowDifficultyBits?: number | undefined
  /** Budget of the whole probe, milliseconds. Default 60,000. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Progress of the proof of work and each step as it ends. */
  readonly onEvent?: ((event: RatlsEvent) => void) | undefined
}

const ORDER: readonly ProbePhaseName[] = ['dial', 'pow', 'tls', 'attestation', 'handshake', 'authorization']

/** Budget of a probe by default, milliseconds. */
const DEFAULT_PROBE_TIMEOUT_MS = 60_000

/**
 * Dial, proof of work, TLS, verdict, and on request handshake and authorisation, for one address; each step with its
 * time. Nothing stays open afterwards.
 *
 * @throws CocoonError `ERR_OPTIONS` for an address that does not parse. Everything else is in the report.
 */
export async function probe(options: ProbeOptions, runtime: Runtime): Promise<ProbeReport> {
  const address = parseProxyAddress(options.address, 'address')
  const record = new ProbeRecord(options.handshake !== undefined)
  const { timeoutMs = DEFAULT_PROBE_TIMEOUT_MS } = options
  const budget = createCallBudget({ clock: runtime.clock, timeoutMs, signal: options.signal })
  let verdict: Verdict | undefined
  let protocolVersion: number | undefined
  let error: CocoonError | undefined
  try {
    const { dialer } = runtime
    if (dialer === undefined) throw unsupported('raw TCP')
    const { connectRatls, openSession } = await import('./network/pool/index.js')
    const connection = await connectRatls({
      ...runtime,
      target: address,
      dialer,
      engine: pureTlsEngine,
      policy: options.policy,
      signal: budget.signal,
      maxPowDifficultyBits: options.maxPowDifficultyBits,
      onEvent: (event) => {
        record.note(event)
        options.onEvent?.(event)
      }
    })
    verdict = connection.verdict
    if (options.handshake === undefined) await connection.stream.close()
    else {
      const session = await openSession(connection.stream, {
        ...options.handshake,
        verdict,
        clock: runtime.clock,
        random: runtime.random,
        signal: budget.signal,
        onEvent: (event) => {
          if (event.type === 'phase' && event.phase !== 'connect') record.ok(event.phase, event.ms, event.method)
        }
      })
      protocolVersion = session.protocolVersion
      await session.close()
    }
  } catch (thrown) {
    error = CocoonError.from(thrown, 'ERR_INTERNAL', { phase: 'dial' })
  } finally {
    budget.release()
  }
  const attestation = verdict?.report ?? (error instanceof AttestationRefusedError ? error.report : undefined)
  return {
    address: address.text,
    ok: error === undefined,
    phases: record.finish(error?.phase),
    ...(attestation !== undefined && { attestation }),
    ...(protocolVersion !== undefined && { protocolVersion }),
    ...(error !== undefined && { error })
  }
}

/** Collects steps as they end and fills in the ones that did not. */
class ProbeRecord {
  readonly #ended = new Map<ProbePhaseName, ProbePhase>()
  readonly #withHandshake: boolean

  constructor(withHandshake: boolean) {
    this.#withHandshake = withHandshake
  }

  note(event: RatlsEvent): void {
    if (event.type !== 'phase' || event.accepted === false) return
    const details = [
      event.difficultyBits === undefined ? undefined : `${event.difficultyBits} bits`,
      event.bytes === undefined ? undefined : `certificate of ${event.bytes} bytes`
    ]
    this.ok(
      event.phase,
      event.ms,
      details.find((detail) => detail !== undefined)
    )
  }

  ok(phase: ProbePhaseName, ms: number, detail?: string): void {
    this.#ended.set(phase, { phase, outcome: 'ok', ms, ...(detail !== undefined && { detail }) })
  }

  finish(failedPhase: ErrorPhase | undefined): readonly ProbePhase[] {
    // The first step that did not end well is the one that failed, whatever the error calls it.
    let hasFailed = failedPhase === undefined
    return ORDER.map((phase) => {
      const isAsked = this.#withHandshake || (phase !== 'handshake' && phase !== 'authorization')
      const ended = this.#ended.get(phase)
      if (ended !== undefined) return ended
      if (!isAsked) return { phase, outcome: 'not-asked' }
      if (hasFailed) return { phase, outcome: 'not-reached' }
      hasFailed = true
      return { phase, outcome: 'failed' }
    })
  }
}

function unsupported(what: string): CocoonError {
  return new CocoonError('ERR_UNSUPPORTED_RUNTIME', `this runtime has no ${what}`, { phase: 'dial' })
}
