/**
 * Waiting that a signal can end, without leaving listeners or timers behind.
 *
 * @module
 */
import { CocoonError, type ErrorPhase } from '../../errors.js'
import type { Clock } from '../../runtime/ports/clock.js'

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
export function raceSignal<T>(work: PromiseLike<T>, signal: AbortSignal, phase: ErrorPhase): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal, phase))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).then(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Resolves after `delayMs`, or rejects with the signal's reason. */
export function waitFor(delayMs: number, clock: Clock, signal: AbortSignal, phase: ErrorPhase): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    if (signal.aborted) {
      reject(abortReason(signal, phase))
      return
    }
    const cancelTimer = clock.setTimer(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    const onAbort = (): void => {
      cancelTimer()
      reject(abortReason(signal, phase))
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** A signal that fires when any of its sources does; `release` detaches it from them. */
export interface LinkedSignal {
  readonly signal: AbortSignal
  /** Fires it by hand. */
  abort(reason: CocoonError): void
  release(): void
}

/** Joins signals. Unlike `AbortSignal.any` the link to long-lived sources ends when told to. */
export function linkSignals(...sources: readonly AbortSignal[]): LinkedSignal {
  const controller = new AbortController()
  const onAbort = (event: Event): void => fire(event.target as AbortSignal)
  const fire = (source: AbortSignal): void => {
    release()
    controller.abort(source.reason)
  }
  const release = (): void => {
    for (const source of sources) source.removeEventListener('abort', onAbort)
  }
  const fired = sources.find((source) => source.aborted)
  if (fired !== undefined) controller.abort(fired.reason)
  else for (const source of sources) source.addEventListener('abort', onAbort, { once: true })
  return { signal: controller.signal, abort: (reason) => controller.abort(reason), release }
}
