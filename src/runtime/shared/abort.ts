/**
 * Cancellation in the library's own error type, for every room that waits.
 *
 * @module
 */
import { CocoonError, type ErrorPhase } from '../../errors.js'

/** What an aborted signal says, as an error of ours: its reason when it is one, else `ERR_ABORTED` with it as the cause. */
export function abortError(signal: AbortSignal, phase: ErrorPhase): CocoonError {
  const reason: unknown = signal.reason
  if (CocoonError.is(reason)) return reason
  return new CocoonError('ERR_ABORTED', 'the call was aborted', { phase, cause: reason })
}

/** @throws CocoonError when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, phase: ErrorPhase): void {
  if (signal?.aborted === true) throw abortError(signal, phase)
}

/**
 * Waits for `work`, but not longer than the signal allows. Leaves no listener behind.
 *
 * @param release - Gets what `work` yields after the signal fired, so that nothing leaks.
 * @throws CocoonError the signal's reason, or whatever `work` rejects with.
 */
export function raceAbort<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  phase: ErrorPhase,
  release?: (late: T) => void
): Promise<T> {
  if (signal === undefined) return work
  return new Promise<T>((resolve, reject) => {
    let done = false
    const onAbort = (): void => {
      done = true
      reject(abortError(signal, phase))
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    work.then(
      (value) => {
        signal.removeEventListener('abort', onAbort)
        if (done) release?.(value)
        else resolve(value)
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort)
        if (!done) reject(error as Error)
      }
    )
  })
}
