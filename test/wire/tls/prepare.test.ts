/**
 * Keys that are made before there is a connection.
 *
 * @module
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bytesToHex } from '../../../src/encoding/index.js'
import { createPureTlsEngine } from '../../../src/wire/tls/engine.js'
import { FakeClock } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'
import { establish } from './support/connect-scripted.js'

const platform = { clock: new FakeClock(Date.now()), random: new SeededRandom() }

afterEach(() => {
  vi.restoreAllMocks()
})

describe('prepare', () => {
  it('makes the key share of exactly one connection', async () => {
    const engine = createPureTlsEngine()
    const generate = vi.spyOn(crypto.subtle, 'generateKey')
    const shareKeys = (): number =>
      generate.mock.calls.filter(([algorithm]) => (algorithm as { name?: string }).name === 'X25519').length
    engine.prepare!(platform)
    engine.prepare!(platform)
    expect(shareKeys()).toBe(1)
    const servers = await Promise.all([establish({ engine }), establish({ engine }), establish({ engine })])
    // The servers' own keys are counted too, one each.
    expect(shareKeys()).toBe(3 + 3)
    const shares = servers.map(({ server }) => bytesToHex(server.shares.get(0x001d)!))
    expect(new Set(shares).size).toBe(3)
  })

  it('is not needed, and serves nobody twice', async () => {
    const engine = createPureTlsEngine()
    const first = await establish({ engine })
    engine.prepare!(platform)
    const second = await establish({ engine })
    const third = await establish({ engine })
    const shares = [first, second, third].map(({ server }) => bytesToHex(server.shares.get(0x001d)!))
    expect(new Set(shares).size).toBe(3)
  })

  it('that fails is the failure of one connection, not of the process', async () => {
    const engine = createPureTlsEngine({ groups: ['secp256r1'] })
    vi.spyOn(crypto.subtle, 'generateKey').mockRejectedValueOnce(new Error('no entropy'))
    engine.prepare!(platform)
    await new Promise((resolve) => setImmediate(resolve))
    const { connectScripted } = await import('./support/connect-scripted.js')
    const failing = await connectScripted({ engine })
    expect((await failing.outcome).error).toMatchObject({ code: 'ERR_TLS' })
    const next = await connectScripted({ engine })
    next.server.group = 'secp256r1'
    await next.server.accept()
    expect((await next.outcome).error).toBeUndefined()
  })
})
