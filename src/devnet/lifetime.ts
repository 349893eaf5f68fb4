/**
 * Everything that must end when the devnet closes: timers, sockets, running requests. Nothing acts after the end.
 *
 * @module
 */

/** Undoes a registration; calling it twice does nothing. */
export type Release = () => void

/** Waits without outliving the devnet or the signal; rejects with the signal's reason. */

/** A scope that can be closed once. */
export class Lifetime {
  readonly #closers = new Set<() => void>()
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  /** Live registrations; 0 after {@link Lifetime.close}. For leak tests. */
  get size(): number {
    return this.#closers.size
  }

  /** Runs `closer` at the end, unless released before; at once when the end has passed. */
  onClose(closer: () => void): Release {
    if (this.#closed) {
      closer()
      return () => undefined
    }
    this.#closers.add(closer)
    return () => void this.#closers.delete(closer)
  }

  /** Calls back once after `delayMs`, unless released or closed before. */
  setTimer(callback: () => void, delayMs: number): Release {
    if (this.#closed) return () => undefined
    const timer = setTimeout(
      () => {
        release()
        callback()
      },
      // setTimeout treats larger delays as 1 ms.
      Math.min(delayMs, 0x7fffffff)
    )
    const clear = (): void => clearTimeout(timer)
    const remove = this.onClose(clear)
    const release = (): void => {
      clear()
      remove()
    }
    return release
  }

  /** Resolves after `delayMs`; rejects with the signal's reason. */
  delay(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const abort = (): void => {
        release()
        reject(signal.reason as Error)
      }
      const release = this.setTimer(() => {
        signal.removeEventListener('abort', abort)
        resolve()
      }, delayMs)
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    const closers = [...this.#closers]
    this.#closers.clear()
    for (const closer of closers) closer()
  }
}

/** The promise's outcome, or a rejection with the signal's reason if that comes first. */
export function raceSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) {
      promise.catch(() => undefined)
      return abort()
    }
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
