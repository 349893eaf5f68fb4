/**
 * Waiting that a signal can end, without leaving listeners or timers behind.
 *
 * @module
 */
import { CocoonError, type ErrorPhase } from '../../errors.js'
import type { CancelTimer, Clock } from '../../runtime/ports/clock.js'
import { raceAbort } from '../../runtime/shared/index.js'

/**
 * The reason of a fired signal as one of our errors. Everything in this room that waits does so before a request is sent,
 * so the error says that nothing was charged, whatever the reason itself feared.
 */
export function abortReason(signal: AbortSignal, phase: ErrorPhase): CocoonError {
  const reason = CocoonError.from(signal.reason, 'ERR_ABORTED', { phase })
  if (reason.code === 'ERR_CLOSED' || (reason.charged === 'no' && reason.phase === phase)) return reason
  const { message, retryable, httpStatus, remedy, cause } = reason
  return new CocoonError(reason.code, message, { phase, charged: 'no', retryable, httpStatus, remedy, cause })
}

/**
 * Settles as `work` does, or rejects with the signal's reason, whichever comes first. `work` itself goes on; what it
 * ends with after that is dropped without an unhandled rejection.
 *
 * @throws CocoonError The signal's reason (wrapped as `ERR_ABORTED` when it is not ours), or whatever `work` rejects with.
 */
export async function raceSignal<T>(work: Promise<T>, signal: AbortSignal, phase: ErrorPhase): Promise<T> {
  try {
    return await raceAbort(work, signal, phase)
  } catch (error) {
    throw signal.aborted ? abortReason(signal, phase) : error
  }
}

/** Resolves after `delayMs`, or rejects with the signal's reason. */
export async function waitFor(delayMs: number, clock: Clock, signal: AbortSignal, phase: ErrorPhase): Promise<void> {
  let cancelTimer: CancelTimer | undefined
  const due = new Promise<void>((resolve) => (cancelTimer = clock.setTimer(resolve, delayMs)))
  try {
    await raceSignal(due, signal, phase)
  } finally {
    cancelTimer?.()
  }
}

/** A signal that fires when its source does, or by hand; `release` detaches it from its source. */
export interface LinkedSignal {
  readonly signal: AbortSignal
  abort(reason: CocoonError): void
  release(): void
}

/** Follows a signal. Unlike with `AbortSignal.any` the link to a long-lived source ends when told to. */
export function linkSignal(source: AbortSignal): LinkedSignal {
  const controller = new AbortController()
  const follow = (): void => controller.abort(source.reason)
  if (source.aborted) follow()
  else source.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => source.removeEventListener('abort', follow)
  }
}
