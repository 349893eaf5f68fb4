/**
 * One call's total time budget joined with the caller's cancellation.
 *
 * @module
 */
import { type Charged, CocoonError } from '../../errors.js'
import type { Clock } from '../../runtime/ports/clock.js'
import type { CallBudget } from '../../runtime/ports/inference.js'

/** What a budget is made from. */
export interface CallBudgetOptions {
  readonly clock: Clock
  /** Milliseconds from now to the last chunk; > 0. A value beyond 2^31 − 1 counts as that (about 24 days). */
  readonly timeoutMs: number
  /** The caller's cancellation. */
  readonly signal?: AbortSignal | undefined
  /** Asked when the budget fires: whether the call may have been charged by then. Default `unknown`. */
  readonly charged?: (() => Charged) | undefined
}

/** A {@link CallBudget} whose timer and listener can be released. */
export interface OwnedCallBudget extends CallBudget {
  /** Stops the timer and drops the listener; the signal never fires afterwards. Call it when the call is over. */
  release(): void
}

/** Longest delay that every runtime's timers take. */
const MAX_TIMER_MS = 2_147_483_647

/**
 * Starts the budget now. Its signal fires with `ERR_TIMEOUT` when the time is up, or with `ERR_ABORTED` (the caller's
 * reason as `cause`) when the caller's signal fires; a signal that fired before is taken over at once.
 *
 * @throws CocoonError `ERR_OPTIONS` when `timeoutMs` is not a positive number.
 */
export function createCallBudget({
  clock,
  timeoutMs,
  signal,
  charged = () => 'unknown'
}: CallBudgetOptions): OwnedCallBudget {
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0)) {
    throw new CocoonError('ERR_OPTIONS', 'timeoutMs must be a positive number of milliseconds', {
      phase: 'options',
      field: 'timeoutMs'
    })
  }
  const budgetMs = Math.min(timeoutMs, MAX_TIMER_MS)
  const controller = new AbortController()
  const deadlineMs = clock.monotonic() + budgetMs
  const stop = (error: CocoonError): void => {
    release()
    controller.abort(error)
  }
  const onAbort = (): void => {
    stop(
      new CocoonError('ERR_ABORTED', 'the call was aborted by its signal', {
        phase: 'request',
        charged: charged(),
        cause: signal?.reason
      })
    )
  }
  const cancelTimer = clock.setTimer(() => {
    stop(
      new CocoonError('ERR_TIMEOUT', `the call did not finish within ${budgetMs} ms`, {
        phase: 'request',
        charged: charged(),
        httpStatus: 504,
        remedy: 'raise timeoutMs (the body field timeout, in seconds)'
      })
    )
  }, budgetMs)
  function release(): void {
    cancelTimer()
    signal?.removeEventListener('abort', onAbort)
  }
  if (signal?.aborted) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  return { signal: controller.signal, remainingMs: () => Math.max(0, deadlineMs - clock.monotonic()), release }
}
