/**
 * Ports: time, randomness and turns of the event loop. Passed in everywhere so that tests need no sleeps.
 *
 * @module
 */

/** Cancels a timer; calling it twice, or after the timer fired, does nothing. */
export type CancelTimer = () => void

/** Source of time. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number
  /** Monotonic milliseconds with an arbitrary origin; only differences have a meaning. */
  monotonic(): number
  /** Calls back once after `delayMs`. The timer must not keep a process alive by itself where the runtime allows that. */
  setTimer(callback: () => void, delayMs: number): CancelTimer
}

/** Source of secure randomness. */
export interface Random {
  /** `length` fresh bytes from the platform's secure generator. */
  bytes(length: number): Uint8Array
}

/** Lets other tasks of the event loop run (timers, sockets, frames), then resumes. */
export type YieldToEventLoop = () => Promise<void>
