/**
 * The order in which one call tries its proxies: a bounded number of dials for each, no waiting while another proxy is
 * free, and one error at the end that says what happened at every one.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** Most dials of one proxy in one call. */
const MAX_DIALS_PER_CALL = 3

/** What a plan needs to know of a proxy. */
export interface PlannedProxy {
  readonly address: { readonly text: string }
  /** Milliseconds before it may be dialled; 0 = now. */
  readonly pauseMs: number
  /** Why its last connection failed. */
  readonly lastError: CocoonError | undefined
}

interface Entry<P> {
  readonly proxy: P
  failures: number
  error: CocoonError | undefined
  isOut: boolean
}

/** Attempts of one call. */
export class AttemptPlan<P extends PlannedProxy> {
  readonly #entries: readonly Entry<P>[]

  /** @param proxies - In order of preference. */
  constructor(proxies: readonly P[]) {
    this.#entries = proxies.map((proxy) => ({ proxy, failures: 0, error: undefined, isOut: false }))
  }

  /**
   * The proxy to try now: among those that need no pause the one with the fewest failures in this call, then by
   * preference; when all pause, the one whose pause ends first. `undefined` when every proxy is used up.
   */
  next(): P | undefined {
    let best: Entry<P> | undefined
    for (const entry of this.#entries) {
      if (entry.isOut) continue
      if (best === undefined || comesBefore(entry, best)) best = entry
    }
    return best?.proxy
  }

  /** Notes a failure; after the third, or one that a repeat cannot mend, the proxy is out for this call. */
  failed(proxy: P, error: CocoonError): void {
    const entry = this.#entries.find((candidate) => candidate.proxy === proxy)
    if (entry === undefined) return
    entry.failures++
    entry.error = error
    entry.isOut = !error.retryable || entry.failures >= MAX_DIALS_PER_CALL
  }

  /**
   * Why the call found no proxy. With one proxy, or when all failed alike, it is that failure itself; else
   * `ERR_NO_PROXY` with the code of each in the message and the last failure as `cause`.
   */
  failure(): CocoonError {
    const failures = this.#entries.flatMap(({ proxy, error }) => {
      const known = error ?? proxy.lastError
      return known === undefined ? [] : [{ address: proxy.address.text, error: known }]
    })
    const last = failures.at(-1)?.error
    if (last !== undefined && failures.every(({ error }) => error.code === last.code)) return last
    const list = failures.map(({ address, error }) => `${address} ${error.code}`).join(', ')
    return new CocoonError('ERR_NO_PROXY', `no proxy could be used: ${list === '' ? 'none was tried' : list}`, {
      phase: last?.phase ?? 'dial',
      retryable: failures.some(({ error }) => error.retryable),
      httpStatus: 502,
      cause: last
    })
  }
}

function comesBefore<P extends PlannedProxy>(entry: Entry<P>, other: Entry<P>): boolean {
  const pauseMs = entry.proxy.pauseMs
  const otherPauseMs = other.proxy.pauseMs
  if (pauseMs > 0 || otherPauseMs > 0) return pauseMs < otherPauseMs
  return entry.failures < other.failures
}
