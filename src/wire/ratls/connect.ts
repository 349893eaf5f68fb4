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
import type { RatlsConnection, RatlsEvent, RatlsOptions, RatlsPhase } from './types.js'

/**
 * Connects to a peer and judges it. Nothing is sent to the peer after TLS before the policy accepted its certificate.
 *
 * On any failure the socket is gone when the promise rejects. Safe to call in parallel.
 *
 * @throws CocoonError `ERR_DIAL` | `ERR_POW_CHALLENGE` | `ERR_POW_DIFFICULTY` | `ERR_PROTOCOL` | `ERR_TLS` |
 * `ERR_CONNECTION_LOST` | {@link AttestationRefusedError} | the signal's reason.
 */
export async function connectRatls(given: RatlsOptions): Promise<RatlsConnection> {
  const { clock, signal } = given
  // A watcher must not be able to break a connection.
  const onEvent = given.onEvent && ((event: RatlsEvent): void => callWatcher(() => given.onEvent?.(event)))
  const options: RatlsOptions = { ...given, onEvent }
  let sinceMs = clock.monotonic()
  const ended: StepEnded = (phase, details) => {
    const nowMs = clock.monotonic()
    onEvent?.({ type: 'phase', phase, ms: nowMs - sinceMs, ...details })
    sinceMs = nowMs
  }

  throwIfAborted(signal, 'dial')
  // Alongside the dial and the proof of work, so that judging waits for no round trip of its own.
  callWatcher(() => options.policy.prepare?.())
  callWatcher(() => options.engine.prepare?.(options))
  const dialling = options.dialer.dial(options.target, { signal })
  const raw = await raceAbort(dialling, signal, 'dial', abandon)
  ended('dial')
  let difficultyBits: number
  try {
    difficultyBits = await answerChallenge(raw, options)
  } catch (error) {
    await closeQuietly(raw, error)
    throw CocoonError.from(error, 'ERR_INTERNAL', { phase: 'pow' })
  }
  ended('pow', { difficultyBits })
  return protect(raw, options, ended)
}

/** Reports that a step ended well. */
type StepEnded = (phase: RatlsPhase, details?: Pick<RatlsEvent & { type: 'phase' }, StepDetail>) => void
type StepDetail = 'difficultyBits' | 'bytes' | 'accepted' | 'reportId'

/** TLS and verdict. The stream that the engine gives is used only when its judge was asked and the verdict was positive. */
async function protect(raw: ByteStream, options: RatlsOptions, ended: StepEnded): Promise<RatlsConnection> {
  const { clock, random, signal, engine } = options
  let judged: Omit<RatlsConnection, 'stream'> | undefined
  const judge = async (certificateDer: Uint8Array): Promise<void> => {
    ended('tls')
    const verdict = await judgePeer(certificateDer, options)
    const { accepted, report } = verdict
    ended('attestation', { bytes: certificateDer.length, accepted, reportId: report.id })
    if (accepted !== true) throw new AttestationRefusedError(report)
    judged = { verdict, certificateDer }
  }
  let stream: ByteStream
  try {
    stream = await raceAbort(engine.connect(raw, { judge, signal, clock, random }), signal, 'tls', abandon)
  } catch (error) {
    throw CocoonError.from(error, 'ERR_TLS', { phase: 'tls' })
  }
  if (judged !== undefined && signal?.aborted !== true) return { stream, ...judged }
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
