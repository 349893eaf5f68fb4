/**
 * Keep-alive of one connection (wire.md §5). Only complete frames count as life.
 *
 * A ping goes out after `pingAfterMs` without a frame from the peer (once per silence), and after `pingAfterMs` without a
 * frame from us: the server drops a client that sends nothing for 60 s, also while it streams a long answer to it.
 *
 * @module
 */
import type { CancelTimer, Clock } from '../../runtime/ports/clock.js'
import type { ResolvedLimits } from './settings.js'

/** What a {@link KeepAlive} needs. */
export interface KeepAliveOptions {
  readonly clock: Clock
  readonly limits: ResolvedLimits
  readonly sendPing: () => void
  readonly onDead: () => void
}

/** One timer that looks at the times of the last frames; frames themselves only note the time. */
export class KeepAlive {
  readonly #options: KeepAliveOptions
  #lastReceivedMs: number
  #lastSentMs: number
  #hasPinged = false
  #isHeld = false
  #cancelTimer: CancelTimer | undefined

  constructor(options: KeepAliveOptions) {
    this.#options = options
    this.#lastReceivedMs = this.#lastSentMs = options.clock.monotonic()
  }

  start(): void {
    this.#arm()
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  frameReceived(): void {
    this.#lastReceivedMs = this.#options.clock.monotonic()
    this.#hasPinged = false
  }

  frameSent(): void {
    this.#lastSentMs = this.#options.clock.monotonic()
  }

  /** We stopped reading on purpose: silence says nothing about the peer until `resume`. */
  hold(): void {
    this.#isHeld = true
  }

  resume(): void {
    this.#isHeld = false
    this.frameReceived()
    // The timer may have been armed for a ping only; death has to be watched again.
    if (this.#cancelTimer !== undefined) this.#arm()
  }

  #arm(): void {
    const { clock, limits } = this.#options
    const { pingAfterMs, deadAfterMs } = limits
    let dueMs = this.#lastSentMs + pingAfterMs
    if (!this.#isHeld) {
      dueMs = Math.min(dueMs, this.#lastReceivedMs + deadAfterMs)
      if (!this.#hasPinged) dueMs = Math.min(dueMs, this.#lastReceivedMs + pingAfterMs)
    }
    this.#cancelTimer?.()
    this.#cancelTimer = clock.setTimer(() => this.#check(), Math.max(1, Math.ceil(dueMs - clock.monotonic())))
  }

  #check(): void {
    const { clock, limits, sendPing, onDead } = this.#options
    const { pingAfterMs, deadAfterMs } = limits
    const nowMs = clock.monotonic()
    const silentMs = this.#isHeld ? 0 : nowMs - this.#lastReceivedMs
    if (silentMs >= deadAfterMs) {
      this.stop()
      onDead()
      return
    }
    if (nowMs - this.#lastSentMs >= pingAfterMs || (silentMs >= pingAfterMs && !this.#hasPinged)) {
      this.#hasPinged = true
      sendPing()
    }
    // `sendPing` may have found the connection broken and stopped us.
    if (this.#cancelTimer !== undefined) this.#arm()
  }
}
