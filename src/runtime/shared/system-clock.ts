/**
 * The platform's clock through what every runtime has: `Date`, `performance`, `setTimeout`.
 *
 * @module
 */
import type { Clock } from '../ports/clock.js'

/** Longest delay that `setTimeout` takes; longer ones would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** The system's clock. Its timers do not keep a process alive where the runtime can say so. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs) {
    const handle: unknown = setTimeout(callback, Math.min(Math.max(delayMs, 0) || 0, LONGEST_DELAY_MS))
    // Node, Bun and Deno's Node layer return an object; browsers and Workers a number.
    if (typeof handle === 'object' && handle !== null && 'unref' in handle) (handle as { unref(): void }).unref()
    return () => clearTimeout(handle as number)
  }
}
