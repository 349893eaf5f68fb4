/** The registry: versions, age, keys, addresses. Uses a root state of our own making, and the mainnet's when present. */
import { Address, beginCell, type Builder, Dictionary } from '@ton/core'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../../src/encoding/index.js'
import { deriveClientContract, deriveProxyContract, parseRootState } from '../../../src/payments/contracts/index.js'
import type { AccountState, ChainReader } from '../../../src/payments/chain/index.js'
import {
  mainnet,
  offlineNetwork,
  openRegistry,
  proxyEndpoints,
  PUBLISHED_TEST_KEY,
  testnet,
  tokenPrices,
  usableKeys,
  type NamedContracts,
  type RegistryChange
} from '../../../src/payments/registry/index.js'
import { FakeClock } from '../../support/fake-clock.js'
import { DERIVATIONS } from '../../vectors/contracts.js'
import { fromHex, HAS_VECTORS, mainnetRootBoc } from '../support.js'

const ROOT = `0:${'42'.repeat(32)}`
const OWNER = `0:${'aa'.repeat(32)}`
const PROXY_OWNER = `0:${'bb'.repeat(32)}`
const PROXY_KEY = fromHex('cc'.repeat(32))

interface RootSpec {
  readonly version?: number
  readonly paramsVersion?: number
  readonly price?: bigint
  readonly isTest?: boolean
  readonly keys?: readonly (readonly [string, number, number])[]
}

function rootState(spec: RootSpec = {}): Uint8Array {
  const code = (mark: number): Builder => beginCell().storeUint(mark, 16)
  const params = beginCell()
    .storeUint(4, 8)
    .storeUint(spec.paramsVersion ?? 1, 32)
    .storeUint(2, 32)
    .storeBit(spec.isTest ?? true)
    .storeCoins(spec.price ?? 20n)
    .storeCoins(19)
  params
    .storeUint(10_000, 32)
    .storeUint(1000, 32)
    .storeUint(80_000, 32)
    .storeUint(80_000, 32)
    .storeUint(86_400, 32)
    .storeUint(43_200, 32)
    .storeCoins(15n)
    .storeCoins(15n)
  for (const mark of [1, 2, 3]) params.storeBit(true).storeRef(code(mark))
  const proxies = Dictionary.empty(Dictionary.Keys.Uint(32), {
    serialize: (text: string, builder: Builder) =>
      void builder.storeUint(0, 1).storeUint(text.length, 7).storeBuffer(Buffer.from(text)),
    parse: () => ''
  })
  proxies.set(2, '203.0.113.1:1 203.0.113.1:2')
  const data = beginCell().storeBit(false).storeDict(proxies).storeUint(2, 32).storeBit(false).storeBit(false)
  const keys = Dictionary.empty(Dictionary.Keys.BigUint(256), {
    serialize: (key: readonly [number, number], builder: Builder) =>
      void builder.storeUint(key[0], 8).storeUint(key[1], 32),
    parse: () => [0, 0] as const
  })
  for (const [key, type, expires] of spec.keys ?? []) keys.set(BigInt(`0x${key}`), [type, expires])
  const manager = beginCell().storeDict(keys).storeUint(0, 256).storeUint(0, 256).storeUint(0, 8)
  return new Uint8Array(
    beginCell()
      .storeAddress(Address.parse(OWNER))
      .storeUint(spec.version ?? 1, 32)
      .storeRef(data)
      .storeRef(params)
      .storeRef(manager)
      .endCell()
      .toBoc()
  )
}

/** A chain source whose answers the test changes. */
class FakeReader implements ChainReader {
  readonly name = 'fake'
  reads = 0
  answer: () => Partial<AccountState> | Error = () => ({ data: rootState() })
  async getAccount(): Promise<AccountState> {
    this.reads++
    const answer = this.answer()
    if (answer instanceof Error) throw answer
    return {
      address: ROOT,
      status: 'active',
      balanceNano: 1n,
      code: null,
      data: null,
      lastTransaction: null,
      asOfMs: 123,
      trust: ['fake says so'],
      ...answer
    }
  }
  getTransactions = async (): Promise<readonly never[]> => []
  getMasterchainBlock = (): Promise<never> => Promise.reject(new Error('unused'))
}

const network = testnet(ROOT)

function named(spec: RootSpec = {}, change: Partial<NamedContracts> = {}): NamedContracts {
  const root = parseRootState(rootState(spec))
  const proxy = deriveProxyContract(root, { proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY, root: ROOT })
  const client = deriveClientContract(root, { owner: OWNER, proxy: proxy.address, proxyPublicKey: PROXY_KEY })
  return {
    proxy: {
      publicKey: PROXY_KEY,
      ownerAddress: parseAddress(PROXY_OWNER),
      contractAddress: parseAddress(proxy.address),
      isTest: true
    },
    clientContractAddress: parseAddress(client.address),
    ownerAddress: parseAddress(OWNER),
    ...change
  }
}

describe('reading', () => {
  it('reads once for many callers, again after its age, and says how it knows', async () => {
    const [reader, clock] = [new FakeReader(), new FakeClock()]
    const registry = openRegistry({ network, reader, clock })
    expect([registry.peek(), registry.ageMs()]).toEqual([null, null])
    const [first] = await Promise.all([registry.get(), registry.get(), registry.get()])
    expect(reader.reads).toBe(1)
    expect(first).toMatchObject({ source: 'chain', readAtMs: 123, trust: ['fake says so'], networkName: 'testnet' })
    await clock.advance(59_000)
    await registry.get()
    expect(reader.reads).toBe(1)
    await clock.advance(2000)
    expect(registry.ageMs()).toBe(61_000)
    await registry.get()
    expect(reader.reads).toBe(2)
  })

  it('bridges a failing source for a bounded time, then says stale', async () => {
    const [reader, clock] = [new FakeReader(), new FakeClock()]
    const registry = openRegistry({ network, reader, clock, usableForMs: 100_000 })
    await registry.get()
    reader.answer = () => new Error('down')
    await clock.advance(90_000)
    expect((await registry.get()).root.version).toBe(1)
    await clock.advance(20_000)
    await expect(registry.get()).rejects.toMatchObject({ code: 'ERR_REGISTRY_STALE', retryable: true })
  })

  it('never goes back to an older version, nor accepts two states of one version', async () => {
    const [reader, clock] = [new FakeReader(), new FakeClock()]
    reader.answer = () => ({ data: rootState({ version: 7, paramsVersion: 3 }) })
    const registry = openRegistry({ network, reader, clock, usableForMs: 0 })
    await registry.get()
    for (const spec of [
      { version: 6, paramsVersion: 3 },
      { version: 8, paramsVersion: 2 }
    ]) {
      reader.answer = () => ({ data: rootState(spec) })
      await clock.advance(1000)
      await expect(registry.get({ maxAgeMs: 0 })).rejects.toMatchObject({ code: 'ERR_REGISTRY_STALE' })
    }
    reader.answer = () => ({ data: rootState({ version: 7, paramsVersion: 3, price: 21n }) })
    await expect(registry.get({ maxAgeMs: 0 })).rejects.toMatchObject({ code: 'ERR_REGISTRY_MISMATCH' })
    expect(registry.peek()?.root.version).toBe(7)
  })

  it('tells when params change, which moves every address', async () => {
    const [reader, clock] = [new FakeReader(), new FakeClock()]
    const changes: RegistryChange[] = []
    const registry = openRegistry({ network, reader, clock, onChange: (change) => changes.push(change) })
    await registry.get()
    reader.answer = () => ({ data: rootState({ version: 2, keys: [['ab'.repeat(32), 1, 5]] }) })
    await registry.get({ maxAgeMs: 0 })
    reader.answer = () => ({ data: rootState({ version: 3, paramsVersion: 2, price: 30n }) })
    await registry.get({ maxAgeMs: 0 })
    expect(changes.map((change) => change.paramsChanged)).toEqual([false, true])
  })

  it('refuses a root that is not deployed, of the other kind of network, or unreadable', async () => {
    const clock = new FakeClock()
    const attempt = async (answer: Partial<AccountState>): Promise<unknown> => {
      const reader = new FakeReader()
      reader.answer = () => answer
      return openRegistry({ network, reader, clock })
        .get()
        .then(
          () => 'accepted',
          (error: { code?: string }) => error.code
        )
    }
    expect(await attempt({ status: 'uninit' })).toBe('ERR_REGISTRY_MISMATCH')
    expect(await attempt({ data: rootState({ isTest: false }) })).toBe('ERR_REGISTRY_MISMATCH')
    expect(await attempt({ data: new Uint8Array([1, 2, 3]) })).toBe('ERR_CONTRACT_STATE')
  })

  it('needs a source', () => {
    expect(() => openRegistry({ network, clock: new FakeClock() })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS' })
    )
  })
})

describe('without a chain', () => {
  it('serves a given state, forever, and says where it is from', async () => {
    const registry = openRegistry({ network: offlineNetwork(ROOT, rootState()), clock: new FakeClock() })
    expect(await registry.get({ maxAgeMs: 0 })).toMatchObject({
      source: 'given',
      readAtMs: null,
      trust: ['root state given by the caller']
    })
    expect(registry.ageMs()).toBeNull()
    expect(await registry.verifyContracts(named())).toBe(true)
  })

  it('treats a given state as the oldest that a source may show', async () => {
    const reader = new FakeReader()
    reader.answer = () => ({ data: rootState({ version: 4 }) })
    const registry = openRegistry({
      network: offlineNetwork(ROOT, rootState({ version: 5 })),
      reader,
      clock: new FakeClock()
    })
    await expect(registry.get()).rejects.toMatchObject({ code: 'ERR_REGISTRY_STALE' })
  })
})

describe('verifyContracts', () => {
  it('confirms what the root derives and nothing else', async () => {
    const registry = openRegistry({ network: offlineNetwork(ROOT, rootState()), clock: new FakeClock() })
    const honest = named()
    expect(await registry.verifyContracts(honest)).toBe(true)
    const foreign = parseAddress(`0:${'ee'.repeat(32)}`)
    expect(await registry.verifyContracts({ ...honest, clientContractAddress: foreign })).toBe(false)
    expect(await registry.verifyContracts({ ...honest, ownerAddress: foreign })).toBe(false)
    expect(await registry.verifyContracts({ ...honest, proxy: { ...honest.proxy, contractAddress: foreign } })).toBe(
      false
    )
    expect(await registry.verifyContracts({ ...honest, proxy: { ...honest.proxy, isTest: false } })).toBe(false)
    expect(
      await registry.verifyContracts({ ...honest, proxy: { ...honest.proxy, publicKey: fromHex('cd'.repeat(32)) } })
    ).toBe(false)
    expect(
      await registry.verifyContracts({ ...honest, proxy: { ...honest.proxy, publicKey: new Uint8Array(3) } })
    ).toBe(false)
    const otherWorkchain = { ...honest.clientContractAddress, workchain: -1 }
    expect(await registry.verifyContracts({ ...honest, clientContractAddress: otherWorkchain })).toBe(false)
  })

  it('reads again when a proxy knows newer params', async () => {
    const [reader, clock] = [new FakeReader(), new FakeClock()]
    const registry = openRegistry({ network, reader, clock })
    await registry.get()
    reader.answer = () => ({ data: rootState({ version: 2, paramsVersion: 2 }) })
    await clock.advance(11_000)
    expect(await registry.verifyContracts(named({ version: 2, paramsVersion: 2 }))).toBe(true)
    expect(await registry.verifyContracts(named({ version: 9, paramsVersion: 9 }))).toBe(false)
    expect(reader.reads).toBe(2)
  })
})

describe('contents', () => {
  const nowMs = 1_800_000_000_000
  const unix = nowMs / 1000
  it('gives keys by type and expiry, longest first, never the published test key', async () => {
    const keys = [
      ['01'.repeat(32), 1, unix + 100],
      ['02'.repeat(32), 1, unix + 9000],
      ['03'.repeat(32), 2, unix + 9000],
      ['04'.repeat(32), 1, unix + 59],
      ['05'.repeat(32), 1, 0],
      [PUBLISHED_TEST_KEY, 1, unix + 99_999]
    ] as const
    const snapshot = await openRegistry({
      network: offlineNetwork(ROOT, rootState({ keys })),
      clock: new FakeClock()
    }).get()
    const first = (query: object): readonly (number | undefined)[] =>
      usableKeys(snapshot, { nowMs, ...query }).map((key) => key.publicKey[0])
    expect(snapshot.root.encryptionKeys).toHaveLength(6)
    expect(first({})).toEqual([2, 1])
    expect(first({ requestTimeoutMs: 60_000 })).toEqual([2])
    expect(first({ type: 2 })).toEqual([3])
  })

  it('gives endpoints and prices', async () => {
    const snapshot = await openRegistry({ network: offlineNetwork(ROOT, rootState()), clock: new FakeClock() }).get()
    expect(proxyEndpoints(snapshot)).toEqual(['203.0.113.1:2'])
    expect(tokenPrices(snapshot)).toEqual({
      pricePerTokenNano: 20n,
      workerFeePerTokenNano: 19n,
      multipliers: { prompt: 10_000, cached: 1000, completion: 80_000, reasoning: 80_000 }
    })
  })

  it.skipIf(!HAS_VECTORS)('verifies the mainnet proxy and a real client', async () => {
    const registry = openRegistry({
      network: offlineNetwork(mainnet.rootAddress, mainnetRootBoc()),
      clock: new FakeClock()
    })
    const snapshot = await registry.get()
    expect(snapshot.networkName).toBe('mainnet')
    expect(proxyEndpoints(snapshot)).toEqual(['91.108.4.11:8888'])
    expect(
      await registry.verifyContracts({
        proxy: {
          publicKey: fromHex(DERIVATIONS.proxyPublicKey),
          ownerAddress: parseAddress(DERIVATIONS.proxyOwner),
          contractAddress: parseAddress(DERIVATIONS.proxy),
          isTest: false
        },
        clientContractAddress: parseAddress(DERIVATIONS.clientA),
        ownerAddress: parseAddress(DERIVATIONS.ownerA)
      })
    ).toBe(true)
  })
})
