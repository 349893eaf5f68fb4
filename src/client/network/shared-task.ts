/**
 * One piece of work that several callers wait for. It is aborted when the last of them has left, never because one of
 * them has.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { raceSignal } from './abortable.js'

/** What the work gets. */
export interface SharedTaskContext {
  /** Fires when nobody waits any more, or when the task is aborted from outside. */
  readonly signal: AbortSignal
  /** From now on the work goes on without anybody waiting: it has done something that costs money to repeat. */
  keepAlive(): void
}

/** A task shared by its waiters. */
export class SharedTask<T> {
  /** The outcome without counting as a waiter. */
  readonly outcome: Promise<T>
  readonly #controller = new AbortController()
  #waiters = 0

  constructor(start: (context: SharedTaskContext) => Promise<T>) {
    // One that is kept alive has a waiter who never leaves.
    this.outcome = start({ signal: this.#controller.signal, keepAlive: () => void this.#waiters++ })
    this.outcome.catch(() => undefined)
  }

  /** Whether it was told to stop; it must not be joined any more. */
  get isAborted(): boolean {
    return this.#controller.signal.aborted
  }

  /**
   * Waits for the outcome until the caller's own signal fires.
   *
   * @throws CocoonError What the work failed with, or the reason of `signal`.
   */
  async join(signal: AbortSignal): Promise<T> {
    this.#waiters++
    try {
      return await raceSignal(this.outcome, signal, 'dial')
    } finally {
      if (--this.#waiters === 0) {
        this.abort(new CocoonError('ERR_ABORTED', 'nobody waits for this connection any more', { phase: 'dial' }))
      }
    }
  }

  /** Tells the work to stop. Without effect on work that has ended. */
  abort(reason: CocoonError): void {
    this.#controller.abort(reason)
  }
}
