/**
 * Keeps collateral: one fetch at a time per platform, refreshed by age and before it ends. What is kept was not verified;
 * its dates are only hints for when to ask again.
 *
 * @module
 */
import type { SnpCollateral } from '../snp/collateral.js'
import type { TdxCollateral } from '../tdx/collateral.js'
import { type CollateralRequest, type CollateralSource, requestKey } from './source.js'

/** Collateral with the time it was fetched. Identity matters: another fetch is another object. */
export interface KeptCollateral {
  readonly collateral: TdxCollateral | SnpCollateral
  readonly fetchedAtMs: number
}

/** When to ask again. */
export interface CollateralCacheOptions {
  /** Age from which collateral is fetched again, milliseconds. Default 6 h. */
  readonly maxAgeMs?: number | undefined
  /** Time before the end of collateral from which it is fetched again, milliseconds. Default 24 h. */
  readonly refreshBeforeMs?: number | undefined
}

const DEFAULT_MAX_AGE_MS = 21_600_000
const DEFAULT_REFRESH_BEFORE_MS = 86_400_000
/** Pause between attempts while the source gives nothing newer. */
const RETRY_MS = 60_000
const MAX_ENTRIES = 64

interface Entry extends KeptCollateral {
  readonly endMs: number
  nextAttemptMs: number
}

/** Collateral by platform. */
export class CollateralCache {
  readonly #source: CollateralSource
  readonly #maxAgeMs: number
  readonly #refreshBeforeMs: number
  readonly #entries = new Map<string, Entry>()
  readonly #flights = new Map<string, Promise<KeptCollateral>>()

  constructor(source: CollateralSource, options: CollateralCacheOptions = {}) {
    this.#source = source
    this.#maxAgeMs = options.maxAgeMs ?? DEFAULT_MAX_AGE_MS
    this.#refreshBeforeMs = options.refreshBeforeMs ?? DEFAULT_REFRESH_BEFORE_MS
  }

  /** What is kept and still usable, without asking anybody. Starts a refresh behind the scenes when one is due. */
  peek(request: CollateralRequest, nowMs: number): KeptCollateral | undefined {
    const entry = this.#entries.get(requestKey(request))
    if (entry === undefined || nowMs > entry.endMs || nowMs < entry.fetchedAtMs - this.#maxAgeMs) return undefined
    if (nowMs >= entry.nextAttemptMs) {
      entry.nextAttemptMs = nowMs + RETRY_MS
      // Until its end the old one still verifies; a failure here shows when nothing newer has come by then.
      this.#fly(request, nowMs).catch(() => undefined)
    }
    return entry
  }

  /** What is kept, else fetched. @throws CocoonError `ERR_ATTESTATION_COLLATERAL`. */
  async get(request: CollateralRequest, nowMs: number): Promise<KeptCollateral> {
    return this.peek(request, nowMs) ?? (await this.#fly(request, nowMs))
  }

  /** Forgets what was kept for a platform: it did not verify. */
  forget(request: CollateralRequest, kept: KeptCollateral): void {
    const key = requestKey(request)
    if (this.#entries.get(key) === kept) this.#entries.delete(key)
  }

  /** The one fetch under way for a platform. No caller can abort it for the others; sources have their own time limit. */
  #fly(request: CollateralRequest, nowMs: number): Promise<KeptCollateral> {
    const key = requestKey(request)
    const known = this.#flights.get(key)
    if (known !== undefined) return known
    const flight = this.#fetch(key, request, nowMs).finally(() => this.#flights.delete(key))
    this.#flights.set(key, flight)
    return flight
  }

  async #fetch(key: string, request: CollateralRequest, nowMs: number): Promise<KeptCollateral> {
    const collateral = await this.#source.fetch(request, {})
    const endMs = endOf(collateral)
    const entry: Entry = {
      collateral,
      fetchedAtMs: nowMs,
      endMs,
      nextAttemptMs: Math.max(nowMs + RETRY_MS, Math.min(nowMs + this.#maxAgeMs, endMs - this.#refreshBeforeMs))
    }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > MAX_ENTRIES && oldest !== undefined) this.#entries.delete(oldest)
    return entry
  }
}

/** Earliest `nextUpdate` that the texts name. */
function endOf(collateral: TdxCollateral | SnpCollateral): number {
  if (!('tcb_info' in collateral)) return Number.POSITIVE_INFINITY
  const dates = [collateral.tcb_info, collateral.qe_identity].map((text) =>
    Date.parse(/"nextUpdate":"([^"]{1,30})"/.exec(text)?.[1] ?? '')
  )
  return dates.every(Number.isFinite) ? Math.min(...dates) : Number.POSITIVE_INFINITY
}
