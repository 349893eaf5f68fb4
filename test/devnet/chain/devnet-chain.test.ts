/** A devnet with a chain: deposits decide, register authorises, close pays out, cheats show. No mainnet code is needed. */
import { Cell } from '@ton/core'
import { afterEach, describe, expect, it } from 'vitest'
import { startDevnet, type Devnet, type DevnetChain, type DevnetOptions } from '../../../src/devnet.js'
import { toncenterV2, toncenterV3 } from '../../../src/payments/chain/index.js'
import {
  deriveClientContract,
  encodeClientMessage,
  parseClientState,
  parseProxyState,
  parseRootState,
  parseSignedCharge,
  proxyAddress,
  type ClientContractState
} from '../../../src/payments/contracts/index.js'
import { systemClock } from '../../../src/runtime/shared/index.js'
import { connectToProxy, openConnection } from '../scripted-client.js'
import { collect, connected, openReady, runQuery, updatePayment } from './support/devnet-client.js'

const TON = 1_000_000_000n
const running: Devnet[] = []

afterEach(async () => {
  for (const devnet of running.splice(0)) {
    await devnet.close()
    expect(devnet.liveHandles).toBe(0)
  }
})

async function start(options: DevnetOptions = {}): Promise<{ devnet: Devnet; chain: DevnetChain; client: string }> {
  const devnet = await startDevnet({ chain: true, stateCommitMs: 0, databaseFlushMs: 0, ...options })
  running.push(devnet)
  const { chain } = devnet
  if (chain === undefined) throw new Error('no chain')
  return { devnet, chain, client: chain.proxies[0]?.clientAddress(devnet.account.owner) ?? '' }
}

async function clientState(chain: DevnetChain, client: string): Promise<ClientContractState> {
  await chain.idle()
  const { data } = await chain.reader.getAccount(client)
  if (data === null) throw new Error('no client contract')
  return parseClientState(data)
}

const chat = { model: 'devnet/echo', messages: [{ role: 'user', content: 'hello there' }] }

async function ask(devnet: Devnet): Promise<bigint> {
  const client = await openReady(devnet)
  client.packet(runQuery(chat))
  const payment = (await collect(client)).at(-1)
  client.close()
  if (payment?.type !== 'proxy.clientRequestPayment') throw new Error(`no payment: ${payment?.type}`)
  return payment.requestTokens
}

describe('a devnet with a chain', () => {
  it('is ready within 3 s, with a root that says where everything is', { timeout: 60_000 }, async () => {
    // By processor time: what else the machine does is not ours. test/examples/devnet-start.test.ts starts cold.
    const before = process.cpuUsage()
    await start()
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6).toBeLessThan(3)
    const { devnet, chain, client } = await start({ configVersion: 7 })
    const { data } = await chain.reader.getAccount(chain.rootAddress)
    expect(data).toEqual(chain.rootState())
    const root = parseRootState(chain.rootState())
    expect(root).toMatchObject({
      version: 7,
      structVersion: 4,
      isTest: true,
      understood: true,
      pricePerTokenNano: devnet.prices.pricePerTokenNano
    })
    expect(root.proxies.map((proxy) => proxy.client)).toEqual(devnet.network.proxies)
    expect([...root.proxyHashes].toSorted()).toEqual([...devnet.imageHashes].toSorted())
    const [proxy] = chain.proxies
    const proxyPublicKey = devnet.proxyPublicKeys[0] ?? new Uint8Array()
    expect(proxyAddress(root, { proxyOwner: proxy?.owner ?? '', proxyPublicKey, root: chain.rootAddress })).toBe(
      proxy?.address
    )
    const derived = deriveClientContract(root, {
      owner: devnet.account.owner,
      proxy: proxy?.address ?? '',
      proxyPublicKey
    })
    expect(derived.address).toBe(client)
    expect(await clientState(chain, client)).toMatchObject({
      phase: 'open',
      balanceNano: 20n * TON,
      stakeNano: 15n * TON,
      tokensUsed: 0n
    })
  })

  it('runs with code that the caller brings, and refuses what is no code', async () => {
    const codes = { client: new Uint8Array(Cell.EMPTY.toBoc()) }
    const { chain } = await start({ chain: { codes, openAccounts: false } })
    expect(parseRootState(chain.rootState()).clientCodeHash).toBe(Cell.EMPTY.hash().toString('hex'))
    const noCode = { proxy: new Uint8Array([1, 2, 3]) }
    await expect(startDevnet({ chain: { codes: noCode } })).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  })

  it('names derived contracts in the handshake and takes the secret from the chain', async () => {
    const { devnet, chain, client } = await start()
    const { answer } = await connected(devnet)
    expect(answer.auth.type).toBe('client.proxyConnectionAuthShort')
    const account = await chain.reader.getAccount(answer.clientScAddress)
    expect(account.address).toBe(client)
    expect(account.status).toBe('active')
  })

  it('signs and charges what was used', async () => {
    const { devnet, chain, client } = await start()
    const tokens = await ask(devnet)
    expect((await clientState(chain, client)).tokensUsed).toBe(0n)
    expect(await chain.proxies[0]?.charge(devnet.account.owner)).toBe(true)
    const after = await clientState(chain, client)
    expect(after).toMatchObject({
      tokensUsed: tokens,
      balanceNano: 20n * TON - tokens * devnet.prices.pricePerTokenNano
    })
    expect(await chain.proxies[0]?.charge(devnet.account.owner)).toBe(false)
  })

  it('charges by itself when enough is owed, after it committed its state', async () => {
    const { devnet, chain, client } = await start({ chain: { chargeThresholdNano: 1n } })
    const tokens = await ask(devnet)
    expect((await clientState(chain, client)).tokensUsed).toBe(tokens)
    const seen = await chain.reader.getTransactions(chain.proxies[0]?.address ?? '', { limit: 10 })
    expect(
      seen.some(
        ({ inMessage }) => inMessage?.source === chain.proxies[0]?.owner && inMessage?.valueNano === 10_000_000n
      )
    ).toBe(true)
  })

  it('refuses requests beyond the deposit', async () => {
    const { devnet } = await start({ account: { balanceNano: 1000n } })
    await expect(ask(devnet)).rejects.toThrow('no payment: client.queryAnswerErrorEx')
  })

  it('authorises a stranger whose register message reaches the proxy contract', async () => {
    const { devnet, chain } = await start({ chain: { openAccounts: false } })
    const { owner } = devnet.account
    const { client, answer, authorize } = await connected(devnet)
    if (answer.auth.type !== 'client.proxyConnectionAuthLong') throw new Error('not long')
    const success = authorize()
    const root = parseRootState(chain.rootState())
    const contract = deriveClientContract(root, {
      owner,
      proxy: chain.proxies[0]?.address ?? '',
      proxyPublicKey: devnet.proxyPublicKeys[0] ?? ''
    })
    const body = encodeClientMessage({
      type: 'register',
      queryId: 1n,
      nonce: BigInt.asUintN(64, answer.auth.nonce),
      excess: owner
    })
    await chain.sendInternal({ from: owner, to: contract.address, valueNano: TON, body, stateInit: contract.stateInit })
    expect((await success).type).toBe('client.authorizationWithProxySuccess')
    client.close()
  })

  it('grants a refund to a client that closes', async () => {
    const { devnet, chain, client } = await start()
    const tokens = await ask(devnet)
    const { owner } = devnet.account
    const before = (await chain.reader.getAccount(owner)).balanceNano
    await chain.sendInternal({
      from: owner,
      to: client,
      valueNano: TON,
      body: encodeClientMessage({ type: 'request-refund', queryId: 5n, excess: owner })
    })
    expect(await clientState(chain, client)).toMatchObject({ phase: 'closed', balanceNano: 0n, tokensUsed: tokens })
    const paid = (await chain.reader.getAccount(owner)).balanceNano - before
    expect(paid).toBeGreaterThan(20n * TON - tokens * devnet.prices.pricePerTokenNano)
    await expect(connected(devnet)).rejects.toThrow('client is closing')
  })

  it('cheats when told: refused close, then only the forced close after the delay', async () => {
    const { devnet, chain, client } = await start({
      chain: { cheats: ['refuse-close'], clientDelaySeconds: 60, proxyStakeNano: 4n * TON }
    })
    const { owner } = devnet.account
    const refund = encodeClientMessage({ type: 'request-refund', queryId: 5n, excess: owner })
    const close = (): Promise<void> => chain.sendInternal({ from: owner, to: client, valueNano: TON, body: refund })
    await close()
    expect(await clientState(chain, client)).toMatchObject({ phase: 'closing', balanceNano: 15n * TON })
    await close()
    expect(await clientState(chain, client)).toMatchObject({ phase: 'closing' })
    await chain.advance(61)
    await close()
    expect(await clientState(chain, client)).toMatchObject({ phase: 'closed', balanceNano: 0n })
    // Only the proxy's stake covers a forced close.
    const { data } = await chain.reader.getAccount(chain.proxies[0]?.address ?? '')
    expect(parseProxyState(data ?? new Uint8Array())).toMatchObject({ stakeNano: 0n })
  })

  it('cheats when told: overcharge, replay, rollback', async () => {
    const { devnet, chain, client } = await start()
    chain.setCheats('overcharge', 'replay')
    const tokens = await ask(devnet)
    expect((await clientState(chain, client)).tokensUsed).toBe(tokens + 1_000_000_000n)
    const seen = await chain.reader.getTransactions(client, { limit: 5 })
    expect(seen.map(({ exitCode }) => exitCode)).toContain(1000)
    chain.setCheats()
    const honest = await updatePayment(devnet)
    chain.setCheats('rollback')
    const less = await updatePayment(devnet)
    expect(parseSignedCharge(less).tokens).toBeLessThan(parseSignedCharge(honest).tokens)
  })

  it('cheats when told: vanishes', async () => {
    const { devnet, chain, client } = await start()
    chain.setCheats('vanish')
    await expect(connected(devnet)).rejects.toThrow()
    const { owner } = devnet.account
    await chain.sendInternal({
      from: owner,
      to: client,
      valueNano: TON,
      body: encodeClientMessage({ type: 'request-refund', queryId: 5n, excess: owner })
    })
    expect(await clientState(chain, client)).toMatchObject({ phase: 'closing' })
    chain.setCheats()
    expect(await clientState(chain, client)).toMatchObject({ phase: 'closed' })
  })

  it('steps blocks when told, and moves time', async () => {
    const { chain } = await start({ chain: { openAccounts: false } })
    const wallet = await chain.createWallet({ amountNano: 5n * TON })
    expect((await chain.reader.getAccount(wallet.address)).balanceNano).toBe(5n * TON)
    chain.setAutoBlocks(false)
    await chain.faucet(wallet.address, TON)
    expect((await chain.reader.getAccount(wallet.address)).balanceNano).toBe(5n * TON)
    const { seqno } = await chain.reader.getMasterchainBlock('latest')
    expect(await chain.stepBlock()).toBe(seqno + 1)
    expect((await chain.reader.getAccount(wallet.address)).balanceNano).toBe(6n * TON)
    const before = chain.nowUnix
    await chain.advance(3600)
    expect(chain.nowUnix - before).toBeGreaterThanOrEqual(3600)
  })

  it('has proxies that follow the root', async () => {
    const { devnet, chain } = await start({ configVersion: 7 })
    const connect = async (minConfigVersion: number): Promise<string | undefined> => {
      const client = await openConnection(devnet.network.proxies[0] ?? '')
      const answer = await client.query(connectToProxy(devnet.account.owner, { minConfigVersion }))
      client.close()
      return answer?.type
    }
    expect(await connect(8)).toBe('tcp.queryError')
    await chain.changeRoot({})
    expect(parseRootState(chain.rootState()).version).toBe(8)
    expect([await connect(8), await connect(9)]).toEqual(['client.connectedToProxy', 'tcp.queryError'])
  })

  it.each(['v2', 'v3'] as const)('speaks toncenter %s over HTTP', async (version) => {
    const { chain, devnet } = await start()
    const options = { clock: systemClock, requestsPerSecond: 0, maxAttempts: 1 }
    const source =
      version === 'v2'
        ? toncenterV2({ ...options, endpoint: `${chain.url}/api/v2/jsonRPC` })
        : toncenterV3({ ...options, endpoint: `${chain.url}/api/v3` })
    const root = await source.getAccount(chain.rootAddress)
    expect(root).toMatchObject({ status: 'active', data: chain.rootState() })
    expect(await source.getAccount(`0:${'77'.repeat(32)}`)).toMatchObject({ status: 'absent', balanceNano: 0n })
    const wallet = await chain.createWallet()
    const to = `0:${'88'.repeat(32)}`
    const transfer = await wallet.wallet.createTransfer(
      { seqno: 0, validUntilUnix: chain.nowUnix + 60, messages: [{ to, valueNano: TON, bounce: false }] },
      wallet.sign
    )
    await source.send(transfer)
    expect(await source.getAccount(to)).toMatchObject({ status: 'uninit', balanceNano: TON - 0n })
    expect(wallet.wallet.readSeqno((await source.getAccount(wallet.address)).data)).toBe(1)
    await expect(source.send(transfer)).rejects.toMatchObject({ code: 'ERR_CHAIN_UNAVAILABLE' })
    const [newest] = await source.getTransactions(wallet.address, { limit: 1 })
    expect(newest).toMatchObject({ exitCode: 0, aborted: false, inMessage: { source: null } })
    expect(newest?.outMessages[0]?.valueNano).toBe(TON)
    const older = await source.getTransactions(wallet.address, { limit: 5, before: newest })
    expect(older).toHaveLength(1)
    const latest = await source.getMasterchainBlock('latest')
    expect(await source.getMasterchainBlock(latest.seqno)).toEqual(latest)
    expect(devnet.chain?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })
})
