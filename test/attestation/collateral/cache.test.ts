import { describe, expect, it } from 'vitest'
import { CollateralCache } from '../../../src/attestation/collateral/cache.js'
import type { CollateralRequest, CollateralSource, TdxCollateral } from '../../../src/attestation.js'
import { createSyntheticIntel, SYNTHETIC_NOW } from '../../support/synthetic-tee.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const request: CollateralRequest = { kind: 'tdx', fmspc: '90C06F000000', ca: 'platform' }
const { collateral } = createSyntheticIntel(new Uint8Array(64))
/** Synthetic collateral ends 25 days after the synthetic now. */
const now = SYNTHETIC_NOW.getTime()

function setUp(options = {}): { cache: CollateralCache; calls: () => number; fail: (on: boolean) => void } {
  let calls = 0
  let failing = false
  const source: CollateralSource = {
    name: 'test',
    fetch: () => {
      calls += 1
      return failing ? Promise.reject(new Error('offline')) : Promise.resolve<TdxCollateral>({ ...collateral })
    }
  }
  return { cache: new CollateralCache(source, options), calls: () => calls, fail: (on) => void (failing = on) }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('CollateralCache', () => {
  it('fetches once however many ask, then keeps', async () => {
    const { cache, calls } = setUp()
    const all = await Promise.all(Array.from({ length: 100 }, () => cache.get(request, now)))
    expect(new Set(all).size).toBe(1)
    expect(await cache.get(request, now + 6 * HOUR_MS - 1)).toBe(all[0])
    expect(calls()).toBe(1)
    await cache.get({ ...request, fmspc: 'B0C06F000000' }, now)
    expect(calls()).toBe(2)
  })

  it('refreshes by age behind the scenes, and hands out the old one meanwhile', async () => {
    const { cache, calls } = setUp()
    const first = await cache.get(request, now)
    expect(cache.peek(request, now + 6 * HOUR_MS)).toBe(first)
    await settle()
    expect(calls()).toBe(2)
    expect(cache.peek(request, now + 6 * HOUR_MS)).not.toBe(first)
  })

  it('refreshes a day before the end', async () => {
    const { cache, calls } = setUp({ maxAgeMs: 100 * DAY_MS })
    await cache.get(request, now)
    cache.peek(request, now + 24 * DAY_MS - 1)
    expect(calls()).toBe(1)
    cache.peek(request, now + 24 * DAY_MS)
    expect(calls()).toBe(2)
  })

  it('keeps what it has until its end when the source fails, asking once a minute', async () => {
    const { cache, calls, fail } = setUp()
    const first = await cache.get(request, now)
    fail(true)
    for (const ms of [0, 1, 59_999]) expect(await cache.get(request, now + DAY_MS + ms)).toBe(first)
    await settle()
    expect(calls()).toBe(2)
    await cache.get(request, now + DAY_MS + 60_000)
    await settle()
    expect(calls()).toBe(3)
    await expect(cache.get(request, now + 26 * DAY_MS)).rejects.toThrow('offline')
  })

  it('forgets what did not verify', async () => {
    const { cache, calls } = setUp()
    cache.forget(request, await cache.get(request, now))
    await cache.get(request, now)
    expect(calls()).toBe(2)
  })
})
