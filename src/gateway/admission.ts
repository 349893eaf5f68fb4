/**
 * How many requests run at once: in all and per user.
 *
 * @module
 */
import { gatewayError } from './failure.js'

/** Counts running requests. */
export class Admission {
  readonly #maxConcurrent: number
  readonly #perUser = new Map<string, number>()
  #running = 0

  constructor(maxConcurrent: number) {
    this.#maxConcurrent = maxConcurrent
  }

  /** Requests that run now. */
  get running(): number {
    return this.#running
  }

  /** Counts a request in. @returns Counts it out; more than once does nothing. @throws CocoonError `ERR_LIMIT_EXCEEDED` (429, 503). */
  enter(userId: string, maxConcurrentPerUser: number): () => void {
    if (this.#running >= this.#maxConcurrent)
      throw gatewayError('ERR_LIMIT_EXCEEDED', 'the gateway is full', 503, { retryable: true })
    const own = this.#perUser.get(userId) ?? 0
    if (own >= maxConcurrentPerUser)
      throw gatewayError('ERR_LIMIT_EXCEEDED', 'too many requests of this user at once', 429, { retryable: true })
    this.#running++
    this.#perUser.set(userId, own + 1)
    let isInside = true
    return () => {
      if (!isInside) return
      isInside = false
      this.#running--
      const left = (this.#perUser.get(userId) ?? 1) - 1
      if (left > 0) this.#perUser.set(userId, left)
      else this.#perUser.delete(userId)
    }
  }
}
