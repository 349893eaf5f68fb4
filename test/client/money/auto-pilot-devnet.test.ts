/**
 * The auto-pilot and a change of params end to end: a real client, the devnet's proxies and its chain.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fromDevnet, startDevnet, type Devnet, type DevnetChain } from '../../../src/devnet.js'
import { Cocoon, type ParamsChange } from '../../../src/index.js'
import { systemClock } from '../../../src/runtime/shared/index.js'
import {
  attachChannel,
  type AutoPilotEvent,
  type AutoPilotLimits,
  type Channel,
  type ChannelEnvironment,
  createAccount,
  createChannelAutoPilot,
  deriveProxyContract,
  findChannel,
  memoryLedgerStore,
  openLedger,
  openRegistry,
  parseRootState,
  testnet,
  walletSigner
} from '../../../src/ton.js'

vi.setConfig({ testTimeout: 120_000 })

const TON = 1_000_000_000n
const random = { bytes: (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length)) }
const ask = { model: 'devnet/echo', messages: [{ role: 'user' as const, content: 'hello there' }], max_tokens: 20 }
const open: Array<{ close(): Promise<void> }> = []

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

interface Life {
  readonly devnet: Devnet
  readonly chain: DevnetChain
  readonly environment: ChannelEnvironment
  readonly channel: Channel
  readonly cocoon: Cocoon
  readonly changes: ParamsChange[]
  readonly owner: string
  /** Moves every clock on. */
  advance(seconds: number): Promise<void>
}

/** A wallet of 100 TON, a channel with a deposit, and a client that pays with it. */
async function begin(depositNano: bigint): Promise<Life> {
  const devnet = await startDevnet({ chain: { openAccounts: false }, databaseFlushMs: 0, stateCommitMs: 0 })
  open.push(devnet)
  const { chain } = devnet
  if (chain === undefined) throw new Error('no chain')
  let aheadMs = 0
  const clock = {
    now: () => chain.nowUnix * 1000,
    monotonic: () => systemClock.monotonic() + aheadMs,
    setTimer: systemClock.setTimer.bind(systemClock)
  }
  const wallet = await chain.createWallet({ amountNano: 100n * TON })
  const ledger = await openLedger({ store: memoryLedgerStore(), clock })
  const registry = openRegistry({ network: testnet(chain.rootAddress), reader: chain.reader, clock })
  const signer = walletSigner({ wallet: wallet.wallet, sign: wallet.sign, reader: chain.reader, sender: chain.sender })
  const environment = { registry, reader: chain.reader, ledger, signer, clock, random }
  const parties = {
    owner: wallet.address,
    proxyOwner: chain.proxies[0]?.owner ?? '',
    proxyPublicKey: devnet.proxyPublicKeys[0] ?? ''
  }
  const channel = await findChannel(parties, environment)
  const { secret } = createAccount(wallet.address, random)
  const plan = await channel.open({ depositNano, secret })
  const acknowledge = plan.risks.map(({ id }) => id)
  await channel.send(plan, { valueNano: plan.minimumValueNano, capNano: 30n * TON, acknowledge })
  await chain.idle()
  expect(await channel.track()).toMatchObject([{ result: 'done' }])
  const changes: ParamsChange[] = []
  const cocoon = new Cocoon({
    network: testnet(chain.rootAddress),
    chain: chain.reader,
    account: { owner: wallet.address, secret },
    attestation: fromDevnet(devnet).attestation,
    payments: { ledger, exclusive: true, overcharge: 'stop', onParamsChange: (change) => changes.push(change) },
    runtime: { clock }
  })
  open.push(cocoon)
  const advance = async (seconds: number): Promise<void> => {
    aheadMs += seconds * 1000
    await chain.advance(seconds)
  }
  await advance(120)
  return { devnet, chain, environment, channel, cocoon, changes, owner: wallet.address, advance }
}

const limits: AutoPilotLimits = {
  messageValueNano: 200_000_000n,
  maxMessageNano: 6n * TON,
  maxPerDayNano: 20n * TON,
  maxTotalNano: 40n * TON,
  acknowledge: ['unknown-contract-code']
}

/** What the chain has executed, and the pilot seen, of its last message. */
async function settled({ chain, advance }: Life, pilot: ReturnType<typeof createChannelAutoPilot>): Promise<void> {
  await chain.idle()
  await pilot.step()
  await advance(61)
}

describe('an auto-pilot on the devnet', () => {
  it('charges what was used and tops up, while a client chats', async () => {
    const life = await begin(16n * TON)
    const { cocoon, channel, environment } = life
    const events: AutoPilotEvent[] = []
    const pilot = createChannelAutoPilot({
      channels: [channel],
      clock: environment.clock,
      exclusive: true,
      limits: {
        ...limits,
        topUp: { belowNano: 16n * TON, byNano: TON },
        charge: { fromUnsettledNano: 1n, maxUnsettledNano: TON }
      },
      onEvent: (event) => events.push(event)
    })
    const { requestId } = await cocoon.chat.completions.create(ask).withResponse()
    const { amountNano } = await cocoon.receipt(requestId)
    life.devnet.commit()
    await life.chain.idle()
    await cocoon.refreshPayments()
    expect((await pilot.step()).channels).toMatchObject([{ state: 'sent', plan: { action: { kind: 'charge' } } }])
    await settled(life, pilot)
    expect((await channel.view()).client?.balanceNano).toBe(16n * TON - (amountNano ?? 0n))
    expect((await pilot.step()).channels).toMatchObject([{ state: 'sent', plan: { action: { kind: 'top-up' } } }])
    await settled(life, pilot)
    expect((await channel.view()).client?.balanceNano).toBe(17n * TON - (amountNano ?? 0n))
    expect((await pilot.step()).channels).toMatchObject([{ state: 'holding', reason: 'nothing-to-do' }])
    expect(events.filter(({ type }) => type === 'ended')).toMatchObject([
      { outcome: { kind: 'charge', result: 'done' } },
      { outcome: { kind: 'top-up', result: 'done' } }
    ])
    // The proxy saw it all: requests go on.
    await cocoon.chat.completions.create(ask)
  })

  it('new params: the client is told what lies where, opens the successor, and the pilot fetches the old coins', async () => {
    const life = await begin(17n * TON)
    const { cocoon, channel, environment, chain, changes, advance } = life
    await cocoon.chat.completions.create(ask)
    await chain.changeRoot({ paramsVersion: 2 })
    await advance(61)
    await expect(cocoon.chat.completions.create(ask, { timeoutMs: 3000 })).rejects.toMatchObject({ charged: 'no' })
    await vi.waitFor(() => expect(changes).toHaveLength(1), { timeout: 10_000 })
    const [change] = changes
    expect(change).toMatchObject({ contract: channel.identity.contract, address: life.devnet.network.proxies[0] })
    const migration = change?.migration
    if (migration === undefined) throw new Error(String(change?.error))
    expect(migration).toMatchObject({
      paramsVersionBefore: 1,
      paramsVersion: 2,
      coinsNano: 17n * TON,
      leave: { withdraw: { payoutNano: 2n * TON }, close: { payoutNano: 2n * TON } },
      open: { creditedNano: 15n * TON, deploys: true }
    })
    expect(migration.leave.close?.risks).toEqual([])
    expect(migration.next.identity.contract).not.toBe(channel.identity.contract)
    // Until the proxy has moved, paying into the successor is a risk with a name.
    expect(migration.open?.risks.map(({ id }) => id)).toContain('proxy-not-deployed')
    expect(migration.warnings.join()).toContain('has not moved yet')

    // The proxy moves; the successor is opened with the caller's own amounts.
    const root = parseRootState(chain.rootState())
    const proxyOwner = chain.proxies[0]?.owner ?? ''
    const proxyPublicKey = life.devnet.proxyPublicKeys[0] ?? ''
    const moved = deriveProxyContract(root, { proxyOwner, proxyPublicKey, root: chain.rootAddress })
    await chain.sendInternal({ from: proxyOwner, to: moved.address, valueNano: TON, stateInit: moved.stateInit })
    const next = await findChannel({ owner: life.owner, proxyOwner, proxyPublicKey }, environment)
    expect(next.identity).toEqual(migration.next.identity)
    if (migration.open === null) throw new Error('no plan')
    await next.send(migration.open, {
      valueNano: 16n * TON,
      capNano: 16n * TON,
      acknowledge: ['unknown-contract-code', 'deposit-below-stake']
    })
    await chain.idle()
    expect(await next.track()).toMatchObject([{ kind: 'open', result: 'done' }])
    expect(await next.view()).toMatchObject({ phase: 'open', outdated: false, client: { balanceNano: 15n * TON } })

    // The pilot leaves the old contract: quiet time, charge, close; the devnet's proxy grants the rest.
    const old = await attachChannel(channel.identity.contract, environment)
    const pilot = createChannelAutoPilot({
      channels: [old, next],
      clock: environment.clock,
      limits: {
        ...limits,
        charge: { fromUnsettledNano: TON, maxUnsettledNano: 2n * TON },
        closeOutdated: { quietForMs: 600_000 }
      }
    })
    const before = (await chain.reader.getAccount(life.owner)).balanceNano
    await advance(120)
    const said: string[] = []
    for (let round = 0; round < 8; round++) {
      const { channels } = await pilot.step()
      said.push(channels.map(({ state, reason, plan }) => (state === 'sent' ? plan?.action.kind : reason)).join(' '))
      await chain.idle()
      await advance(300)
    }
    expect(said[0]).toBe('draining nothing-to-do')
    expect(said).toContain('close wallet-busy')
    expect(said.at(-1)).toBe('closed nothing-to-do')
    expect(await old.view()).toMatchObject({ phase: 'closed', client: { balanceNano: 0n } })
    const back = (await chain.reader.getAccount(life.owner)).balanceNano - before
    expect(back).toBeGreaterThan(169n * (TON / 10n))
    expect((await next.view()).client?.balanceNano).toBe(15n * TON)
  })

  it('a contract of the present params has no migration', async () => {
    const { environment, channel } = await begin(16n * TON)
    const { planMigration } = await import('../../../src/ton.js')
    await expect(planMigration({ contract: channel.identity.contract }, environment)).rejects.toMatchObject({
      code: 'ERR_CHANNEL_STATE'
    })
  })
})
