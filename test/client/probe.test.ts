import { afterEach, describe, expect, test } from 'vitest'
import { type Devnet, type DevnetOptions, startDevnet } from '../../src/devnet.js'
import { CocoonError, probe, type ProbeReport } from '../../src/index.js'
import { acceptAnyPeer, acceptFakeTee } from '../../src/unsafe.js'
import { refuseAll } from '../../src/attestation/index.js'

let net: Devnet | undefined
afterEach(() => net?.close())

async function start(options?: DevnetOptions): Promise<string> {
  net = await startDevnet({ difficultyBits: 4, tee: { kind: 'fake' }, ...options })
  return net.network.proxies[0]!
}

const outcomes = (report: ProbeReport): string[] => report.phases.map(({ outcome }) => outcome)

describe('probe', () => {
  test('stops after the verdict, with the time of each step', async () => {
    const report = await probe({ address: await start(), policy: acceptFakeTee() })
    expect(report).toMatchObject({ ok: true, attestation: { kind: 'fake' } })
    expect(outcomes(report)).toEqual(['ok', 'ok', 'ok', 'ok', 'not-asked', 'not-asked'])
    for (const phase of report.phases.slice(0, 4)) expect(phase.ms).toBeGreaterThanOrEqual(0)
    expect(report.phases[1]?.detail).toBe('4 bits')
    expect(net?.connections[0]?.framesReceived).toBe(0)
  })

  test('shakes hands and authorises on request', async () => {
    const address = await start()
    const { network, account } = net!
    const report = await probe({
      address,
      policy: acceptAnyPeer(),
      handshake: { ...network, owner: account.owner, secret: new TextEncoder().encode(account.secret as string) }
    })
    expect(report).toMatchObject({ ok: true, protocolVersion: 4 })
    expect(outcomes(report)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok'])
    expect(report.phases.at(-1)?.detail).toBe('short')
  })

  test('shows the report of a refused peer', async () => {
    const report = await probe({ address: await start(), policy: refuseAll() })
    expect(report).toMatchObject({
      ok: false,
      error: { code: 'ERR_ATTESTATION_REFUSED' },
      attestation: { verdict: 'refused' }
    })
    expect(outcomes(report)).toEqual(['ok', 'ok', 'ok', 'failed', 'not-asked', 'not-asked'])
  })

  test.each([
    ['pow-magic', ['ok', 'failed', 'not-reached', 'not-reached', 'not-asked', 'not-asked']],
    ['tls-garbage', ['ok', 'ok', 'failed', 'not-reached', 'not-asked', 'not-asked']]
  ])('names the step that failed (%s)', async (fault, expected) => {
    const report = await probe({ address: await start({ faults: [fault] }), policy: acceptAnyPeer() })
    expect(outcomes(report)).toEqual(expected)
    expect(report.ok).toBe(false)
  })

  test('an address where nobody listens', async () => {
    const address = await start()
    await net?.close()
    const report = await probe({ address, policy: acceptAnyPeer() })
    expect(outcomes(report)[0]).toBe('failed')
    expect(report.error?.code).toBe('ERR_DIAL')
  })

  test('is bounded in time and can be aborted', async () => {
    const address = await start({ faults: ['silent'] })
    expect((await probe({ address, policy: acceptAnyPeer(), timeoutMs: 100 })).error?.code).toBe('ERR_TIMEOUT')
    expect((await probe({ address, policy: acceptAnyPeer(), signal: AbortSignal.abort() })).error?.code).toBe(
      'ERR_ABORTED'
    )
  })

  test('throws for an address that does not parse only', async () => {
    await expect(probe({ address: 'nonsense', policy: acceptAnyPeer() })).rejects.toSatisfy((error) =>
      CocoonError.is(error, 'ERR_OPTIONS')
    )
  })
})
