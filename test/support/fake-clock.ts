/**
 * A clock that only moves when told to.
 *
 * @module
 */
import type { CancelTimer, Clock } from '../../src/runtime/ports/clock.js'

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly callback: () => void
}

/** Deterministic {@link Clock}; `advance` runs due timers in order, letting promises settle in between. */
export class FakeClock implements Clock {
  #elapsedMs = 0
  #order = 0
  readonly #startUnixMs: number
  readonly #timers = new Set<Timer>()

  constructor(startUnixMs: number = Date.UTC(2026, 3, 10)) {
    this.#startUnixMs = startUnixMs
  }

  now(): number {
    return this.#startUnixMs + this.#elapsedMs
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  setTimer(callback: () => void, delayMs: number): CancelTimer {
    const timer: Timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Timers that are armed. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Moves time forward; a timer that a callback arms inside the window fires too. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#elapsedMs + ms
    await settle()
    for (;;) {
      const next = [...this.#timers]
        .filter((timer) => timer.dueMs <= targetMs)
        .toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs)
      next.callback()
      await settle()
    }
    this.#elapsedMs = targetMs
    await settle()
  }
}

/** Lets everything that is already runnable (promises and one turn of the event loop) run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
