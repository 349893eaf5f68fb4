/**
 * The order of a connection: dial, proof of work, TLS, verdict.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { AttestationRefusedError } from '../../runtime/ports/attestation-refused-error.js'
import type { ByteStream, DialTarget } from '../../runtime/ports/byte-stream.js'
import type { Verdict } from '../../runtime/ports/verdict.js'
import { callWatcher, closeQuietly, raceAbort, throwIfAborted } from '../../runtime/shared/index.js'
import { answerChallenge } from './proof-of-work.js'
import type { RatlsConnection, RatlsEvent, RatlsOptions } from './types.js'

/**
 * Connects to a peer and judges it. Nothing is sent to the peer after TLS before the policy accepted its certificate.
 *
 * On any failure the socket is gone when the promise rejects. Safe to call in parallel.
 *
 * @throws CocoonError `ERR_DIAL` | `ERR_POW_CHALLENGE` | `ERR_POW_DIFFICULTY` | `ERR_PROTOCOL` | `ERR_TLS` |
 * `ERR_CONNECTION_LOST` | {@link AttestationRefusedError} | the signal's reason.
 */
export async function connectRatls(given: RatlsOptions): Promise<RatlsConnection> {
  const options: RatlsOptions = { ...given, onEvent: given.onEvent && quiet(given.onEvent) }
  const { clock, signal, onEvent } = options
  const elapsed = stopwatch(clock.monotonic.bind(clock))

  throwIfAborted(signal, 'dial')
  // Alongside the dial and the proof of work, so that judging waits for no round trip of its own.
  callWatcher(() => options.policy.prepare?.())
  callWatcher(() => options.engine.prepare?.(options))
  const dialling = options.dialer.dial(options.target, { signal })
  const raw = await raceAbort(dialling, signal, 'dial', abandon)
  const dialMs = elapsed()
  onEvent?.({ type: 'phase', phase: 'dial', ms: dialMs })

  let difficultyBits: number
  try {
    difficultyBits = await answerChallenge(raw, options)
  } catch (error) {
    await closeQuietly(raw, error)
    throw CocoonError.from(error, 'ERR_INTERNAL', { phase: 'pow' })
  }
  const powMs = elapsed()
  onEvent?.({ type: 'phase', phase: 'pow', ms: powMs, difficultyBits })

  const { stream, judged, judgeMs } = await protect(raw, options)
  const tlsMs = elapsed() - judgeMs
  return { stream, ...judged, timings: { dialMs, powMs, tlsMs, attestationMs: judgeMs } }
}

interface Judged {
  readonly verdict: Verdict
  readonly certificateDer: Uint8Array
}

/** TLS and verdict. The stream that the engine gives is used only when its judge was asked and the verdict was positive. */
async function protect(
  raw: ByteStream,
  options: RatlsOptions
): Promise<{ stream: ByteStream; judged: Judged; judgeMs: number }> {
  const { clock, random, signal, engine } = options
  const elapsed = stopwatch(clock.monotonic.bind(clock))
  let judged: Judged | undefined
  let judgeMs = 0
  const judge = async (certificateDer: Uint8Array): Promise<void> => {
    options.onEvent?.({ type: 'phase', phase: 'tls', ms: elapsed() })
    const verdict = await judgePeer(certificateDer, options)
    judgeMs = elapsed()
    const { accepted, report } = verdict
    options.onEvent?.({
      type: 'phase',
      phase: 'attestation',
      ms: judgeMs,
      bytes: certificateDer.length,
      accepted,
      reportId: report.id
    })
    if (accepted !== true) throw new AttestationRefusedError(report)
    judged = { verdict, certificateDer }
  }
  let stream: ByteStream
  try {
    const connecting = engine.connect(raw, { judge, signal, clock, random })
    stream = await raceAbort(connecting, signal, 'tls', abandon)
  } catch (error) {
    throw CocoonError.from(error, 'ERR_TLS', { phase: 'tls' })
  }
  if (judged !== undefined && signal?.aborted !== true) return { stream, judged, judgeMs }
  await closeQuietly(stream, 'not judged')
  throwIfAborted(signal, 'attestation')
  throw new CocoonError('ERR_INTERNAL', 'the TLS engine asked for no judgement', { phase: 'attestation' })
}

async function judgePeer(certificateDer: Uint8Array, options: RatlsOptions): Promise<Verdict> {
  const { policy, clock, signal, target } = options
  try {
    const evidence = { certificateDer, address: formatTarget(target) }
    const judging = Promise.resolve(policy.judge(evidence, { now: new Date(clock.now()), signal }))
    const verdict: unknown = await raceAbort(judging, signal, 'attestation')
    if (isVerdict(verdict)) return verdict
    throw new CocoonError('ERR_INTERNAL', 'the policy gave something that is no verdict', { phase: 'attestation' })
  } catch (error) {
    throw CocoonError.from(error, 'ERR_INTERNAL', { phase: 'attestation' })
  }
}

/** What is used of a verdict; a policy is the caller's and may be plain JavaScript. */
function isVerdict(value: unknown): value is Verdict {
  const report: unknown = typeof value === 'object' && value !== null ? (value as Partial<Verdict>).report : undefined
  if (typeof report !== 'object' || report === null) return false
  const { id, refusedBy } = report as Partial<Verdict['report']>
  return typeof id === 'string' && Array.isArray(refusedBy)
}

/** Ends a stream that nobody waits for any more. */
function abandon(late: ByteStream): void {
  void closeQuietly(late, 'aborted')
}

function formatTarget({ host, port }: DialTarget): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Milliseconds since the last call (first: since creation). */
function stopwatch(monotonic: () => number): () => number {
  let lastMs = monotonic()
  return () => {
    const sinceMs = lastMs
    lastMs = monotonic()
    return lastMs - sinceMs
  }
}

/** A watcher must not be able to break a connection. */
function quiet(onEvent: (event: RatlsEvent) => void): (event: RatlsEvent) => void {
  return (event) => callWatcher(() => onEvent(event))
}
