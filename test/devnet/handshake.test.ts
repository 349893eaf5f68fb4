import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { startDevnet, type Devnet, type DevnetOptions } from '../../src/devnet.js'
import { encodeTl, type TlObject } from '../../src/encoding/tl/index.js'
import { connectToProxy, openConnection, openReady, type ScriptedClient } from './scripted-client.js'

const running: Devnet[] = []

async function start(options: DevnetOptions = {}): Promise<Devnet> {
  const devnet = await startDevnet(options)
  running.push(devnet)
  return devnet
}

afterEach(async () => {
  for (const devnet of running.splice(0)) await devnet.close()
})

function open(devnet: Devnet): Promise<ScriptedClient> {
  return openConnection(devnet.network.proxies[0] ?? '')
}

async function expectRefusal(client: ScriptedClient, query: TlObject | Uint8Array, code: number, message: string) {
  expect(await client.query(query)).toMatchObject({ type: 'tcp.queryError', code, message })
  expect(await client.next()).toBeUndefined()
}

const STRANGER = '0:' + '11'.repeat(32)

describe('client.connectToProxy', () => {
  it.each([
    ['test mode mismatch', 602, { isTest: false }],
    ['active config version is too low', 602, { minConfigVersion: 2 }],
    ['active config version is too low', 602, { minConfigVersion: -1 }],
    ['cannot choose common protocol version', 621, { min: 5, max: 9 }]
  ])('refuses with %s', async (message, code, change) => {
    const devnet = await start()
    await expectRefusal(await open(devnet), connectToProxy(devnet.account.owner, change), code, message)
  })

  it('refuses an address that does not parse', async () => {
    await expectRefusal(
      await open(await start()),
      connectToProxy('not an address'),
      0,
      'Failed to parse account address'
    )
  })

  it.each([
    ['dec-2025', 'tool old client'],
    ['apr-2026', 'too old client']
  ] as const)('refuses parameters without flags on %s', async (version, message) => {
    const devnet = await start({ version })
    const query: TlObject = {
      type: 'client.connectToProxy',
      params: { clientOwnerAddress: devnet.account.owner },
      minConfigVersion: 0
    }
    await expectRefusal(await open(devnet), query, 602, message)
  })

  it('refuses authorisation before it', async () => {
    const client = await open(await start())
    await expectRefusal(client, { type: 'client.authorizeWithProxyLong' }, 0, 'Wrong constructor found at 4')
  })

  it('refuses a closing client and a disabled proxy', async () => {
    const devnet = await start()
    devnet.setProxyEnabled(0, false)
    await expectRefusal(
      await open(devnet),
      connectToProxy(devnet.account.owner),
      651,
      'proxy is not participating in this iteration'
    )
    devnet.setAccount(devnet.account.owner, { state: 1 })
    await expectRefusal(await open(devnet), connectToProxy(devnet.account.owner), 602, 'client is closing')
  })

  it.each([
    ['dec-2025', 0, 0, undefined],
    ['dec-2025', 1, 4, 2],
    ['apr-2026', 1, 1, 1],
    ['apr-2026', 1, 9, 4]
  ] as const)('on %s chooses from %s..%s', async (version, min, max, chosen) => {
    const devnet = await start({ version })
    const answer = await (await open(devnet)).query(connectToProxy(devnet.account.owner, { min, max }))
    expect(answer).toMatchObject({ type: 'client.connectedToProxy', params: { isTest: true } })
    if (answer?.type === 'client.connectedToProxy') expect(answer.params.protoVersion).toBe(chosen)
  })
})

describe('authorisation', () => {
  it('offers Short with the hash of the account secret', async () => {
    const devnet = await start({ account: { secret: 'open sesame' } })
    const answer = await (await open(devnet)).query(connectToProxy(devnet.account.owner))
    const secretHash = new Uint8Array(createHash('sha256').update('open sesame').digest())
    expect(answer).toMatchObject({ auth: { type: 'client.proxyConnectionAuthShort', secretHash } })
  })

  it('refuses a wrong secret, a foreign message and a second Long', async () => {
    const devnet = await start()
    const wrong = await open(devnet)
    await wrong.query(connectToProxy(devnet.account.owner))
    await expectRefusal(wrong, { type: 'client.authorizeWithProxyShort', data: Uint8Array.of(1) }, 0, 'sha256 mismatch')
    const again = await open(devnet)
    await again.query(connectToProxy(devnet.account.owner))
    await expectRefusal(again, connectToProxy(devnet.account.owner), 0, 'expected auth message')
    const twice = await open(devnet)
    await twice.query(connectToProxy(devnet.account.owner))
    twice.send({ type: 'tcp.query', id: 1n, data: encodeTl({ type: 'client.authorizeWithProxyLong' }) })
    await expectRefusal(twice, { type: 'client.authorizeWithProxyLong' }, 0, 'duplicate auth message')
  })

  it('offers Long to a stranger and waits for the chain message', async () => {
    const devnet = await start()
    const client = await open(devnet)
    const connected = await client.query(connectToProxy(STRANGER))
    if (connected?.type !== 'client.connectedToProxy') throw new Error('refused')
    expect(connected.auth.type).toBe('client.proxyConnectionAuthLong')
    const success = client.query({ type: 'client.authorizeWithProxyLong' })
    expect(devnet.register(connected.auth.nonce + 1n)).toBe(false)
    expect(devnet.register(connected.auth.nonce, devnet.account.owner)).toBe(false)
    expect(devnet.register(connected.auth.nonce, STRANGER)).toBe(true)
    expect(await success).toMatchObject({ type: 'client.authorizationWithProxySuccess' })
  })

  it('takes the chain message before the query too', async () => {
    const devnet = await start({ authorization: 'long' })
    const client = await open(devnet)
    const connected = await client.query(connectToProxy(devnet.account.owner))
    if (connected?.type !== 'client.connectedToProxy') throw new Error('refused')
    expect(devnet.pendingNonces).toEqual([connected.auth.nonce])
    expect(devnet.register(connected.auth.nonce)).toBe(true)
    expect(await client.query({ type: 'client.authorizeWithProxyLong' })).toMatchObject({
      type: 'client.authorizationWithProxySuccess'
    })
    // Known from now on.
    const next = await (await open(devnet)).query(connectToProxy(devnet.account.owner))
    expect(next).toMatchObject({ auth: { type: 'client.proxyConnectionAuthShort' } })
  })

  it('plays a proxy without chain', async () => {
    const devnet = await start({ authorization: 'fake-ton' })
    const client = await open(devnet)
    const connected = await client.query(connectToProxy(STRANGER))
    expect(connected).toMatchObject({ auth: { type: 'client.proxyConnectionAuthShort', nonce: 0n } })
    const success = await client.query({ type: 'client.authorizeWithProxyShort', data: new Uint8Array() })
    expect(success).toMatchObject({ type: 'client.authorizationWithProxySuccess' })
    const long = await open(devnet)
    await long.query(connectToProxy(STRANGER))
    expect(await long.query({ type: 'client.authorizeWithProxyLong' })).toMatchObject({
      type: 'client.authorizationWithProxySuccess'
    })
  })
})

describe('small queries', () => {
  it('are refused before authorisation without closing', async () => {
    const devnet = await start()
    const client = await open(devnet)
    await client.query(connectToProxy(devnet.account.owner))
    expect(await client.query({ type: 'client.updatePaymentStatus' })).toMatchObject({
      code: 621,
      message: 'client request from non-ready connection'
    })
    expect(await client.query({ type: 'client.getWorkerTypesV2' })).toMatchObject({
      code: 621,
      message: 'expected client connection'
    })
    client.send({ type: 'tcp.ping', id: 9n })
    expect(await client.next()).toEqual({ type: 'tcp.pong', id: 9n })
  })

  it('list workers in both forms', async () => {
    const devnet = await start({ proxies: 2 })
    const client = await openReady(devnet)
    const sentinel = 2147483647
    expect(await client.query({ type: 'client.getWorkerTypes' })).toMatchObject({
      types: [
        {
          name: 'devnet/echo',
          activeWorkers: 2,
          coefficientMin: 1000,
          coefficientBucket50: 1300,
          coefficientMax: sentinel
        },
        {
          name: 'devnet/echo-large',
          activeWorkers: 1,
          coefficientMin: 2500,
          coefficientBucket50: sentinel,
          coefficientMax: sentinel
        }
      ]
    })
    const v2 = {
      type: 'client.workerTypesV2',
      types: [
        {
          name: 'devnet/echo',
          workers: [{ coefficient: 1000, activeRequests: 0, maxActiveRequests: 30 }, { coefficient: 1300 }]
        },
        { workers: [{}] }
      ]
    }
    expect(await client.query({ type: 'client.getWorkerTypesV2' })).toMatchObject(v2)
    devnet.removeWorkers('devnet/echo')
    expect(await client.query({ type: 'client.getWorkerTypesV2' })).toMatchObject({
      types: [{ name: 'devnet/echo', workers: [] }, {}]
    })
  })

  it('answer the rest with Lost promise', async () => {
    const client = await openReady(await start())
    for (const query of [
      encodeTl({ type: 'client.requestRefund' }),
      Uint8Array.of(1, 2, 3, 4),
      Uint8Array.of(1),
      new Uint8Array()
    ]) {
      expect(await client.query(query)).toMatchObject({ type: 'tcp.queryError', code: 0, message: 'Lost promise' })
    }
    await expectRefusal(client, { type: 'client.authorizeWithProxyLong' }, 0, 'already authorized')
  })
})
