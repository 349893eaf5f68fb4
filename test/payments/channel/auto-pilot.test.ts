/** The auto-pilot against the mainnet bytecode: caps, crashes at each step, lying chains, ways to lose money. */
import { describe, expect, it, vi } from 'vitest'
import { parseClientState } from '../../../src/payments/contracts/index.js'
import {
  attachChannel,
  type AutoPilotEvent,
  type AutoPilotLimits,
  type AutoPilotOptions,
  type Channel,
  type ChannelAutoPilot,
  type ChannelEnvironment,
  createChannelAutoPilot,
  encodeReceipt,
  findChannel,
  memoryLedgerStore,
  openLedger
} from '../../../src/payments/channel/index.js'
import { openRegistry } from '../../../src/payments/registry/index.js'
import { settle } from '../../support/fake-clock.js'
import { fromHex, HAS_VECTORS, paymentsVectors } from '../support.js'
import { laterRootBoc, PROXY_KEY, PROXY_OWNER, TON, World } from './world.js'
import { receiptOf } from './receipt-support.js'

vi.setConfig({ testTimeout: 60_000 })

const MESSAGE = 200_000_000n
const LIMITS: AutoPilotLimits = {
  messageValueNano: MESSAGE,
  maxMessageNano: 6n * TON,
  maxPerDayNano: 12n * TON,
  maxTotalNano: 30n * TON,
  topUp: { belowNano: 18n * TON, byNano: 5n * TON },
  charge: { fromUnsettledNano: 2n * TON, maxUnsettledNano: 15n * TON }
}

interface Flight {
  readonly world: World
  readonly pilot: ChannelAutoPilot
  readonly events: AutoPilotEvent[]
  readonly channel: Channel
}

/** What a step did, short: `sent top-up`, `holding settling`, `failed ERR_…`. */
async function step(pilot: ChannelAutoPilot): Promise<string> {
  const { channels, stopped } = await pilot.step()
  const texts = channels.map(({ state, reason, plan, error }) =>
    `${state} ${state === 'sent' ? plan?.action.kind : (reason ?? error?.code)}`.trim()
  )
  return [...texts, ...(stopped === null ? [] : [`stopped ${stopped}`])].join(', ')
}

function fly(world: World, options: Partial<AutoPilotOptions> = {}, channel = world.channel): Flight {
  const events: AutoPilotEvent[] = []
  const pilot = createChannelAutoPilot({
    channels: [channel],
    limits: LIMITS,
    clock: world.clock,
    onEvent: (event) => events.push(event),
    ...options
  })
  return { world, pilot, events, channel }
}

async function opened(depositNano: bigint, options: Partial<AutoPilotOptions> = {}): Promise<Flight> {
  const world = await (await World.create({ coins: 200n * TON })).opened(depositNano)
  // What the test did by hand has settled.
  await world.advance(120)
  return fly(world, options)
}

async function tokensFor({ world }: Flight, nano: bigint): Promise<bigint> {
  const tokens = nano / 20n
  await world.signed(tokens)
  return tokens
}

/** The same channel with parts of its environment replaced. */
function again(world: World, change: Partial<ChannelEnvironment>): Promise<Channel> {
  const parties = { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY }
  return findChannel(parties, { ...world.environment, ...change })
}

const sentNano = (world: World, ledger = world.ledger): bigint =>
  ledger
    .journal()
    .filter(({ intent }) => intent.id.includes(':auto-pilot:'))
    .reduce((sum, { intent }) => sum + intent.valueNano, 0n)

describe('limits', () => {
  const channels: never[] = []
  const clock = { now: () => 0, monotonic: () => 0, setTimer: () => () => undefined }
  it.each<[string, object, string]>([
    ['no amount for messages', { messageValueNano: undefined }, 'limits.messageValueNano'],
    ['a number', { maxPerDayNano: 5 }, 'limits.maxPerDayNano'],
    ['no total', { maxTotalNano: undefined }, 'limits.maxTotalNano'],
    ['a top-up of nothing', { topUp: { belowNano: 1n, byNano: 0n } }, 'limits.topUp.byNano'],
    ['a top-up without a floor', { topUp: { byNano: 1n } }, 'limits.topUp.belowNano'],
    ['a charge without an end', { charge: { fromUnsettledNano: 1n } }, 'limits.charge.maxUnsettledNano'],
    ['messages above their cap', { topUp: { belowNano: 1n, byNano: 6n * TON } }, 'limits.maxMessageNano'],
    ['a close without a time', { closeOutdated: {} }, 'limits.closeOutdated.quietForMs'],
    ['a risk that nobody may accept in advance', { acknowledge: ['forced-close-forfeits'] }, 'limits.acknowledge']
  ])('refuses %s', (_name, change, field) => {
    const limits = { ...LIMITS, ...change } as AutoPilotLimits
    expect(() => createChannelAutoPilot({ channels, clock, limits })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', field })
    )
  })

  it.skipIf(!HAS_VECTORS)('refuses channels without a signer, twice, or on two ledgers', async () => {
    const world = await World.create()
    const { signer: _signer, ...watching } = world.environment
    const parties = { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY }
    const watcher = await findChannel(parties, watching)
    const other = await again(world, { ledger: await openLedger({ store: memoryLedgerStore(), clock: world.clock }) })
    for (const list of [[watcher], [world.channel, world.channel], [world.channel, other]])
      expect(() => fly(world, { channels: list })).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS' }))
  })
})

describe.skipIf(!HAS_VECTORS)('top-up and charge', () => {
  it('tops up below the floor, waits for the end of its message, and is content', async () => {
    const { pilot, events, channel, world } = await opened(17n * TON)
    expect(await step(pilot)).toBe('sent top-up')
    expect(await step(pilot)).toBe('holding settling')
    expect((await channel.view()).client?.balanceNano).toBe(22n * TON)
    await world.advance(61)
    expect(await step(pilot)).toBe('holding nothing-to-do')
    expect(await step(pilot)).toBe('holding nothing-to-do')
    expect(events.map((event) => (event.type === 'holding' ? event.reason : event.type))).toEqual([
      'sent',
      'ended',
      'settling',
      'nothing-to-do'
    ])
    expect(sentNano(world)).toBe(5n * TON + MESSAGE)
  })

  it('counts what is signed for and not charged, and submits the charge first', async () => {
    const flight = await opened(20n * TON)
    const tokens = await tokensFor(flight, 3n * TON)
    expect(await step(flight.pilot)).toBe('sent charge')
    await step(flight.pilot)
    await flight.world.advance(61)
    expect((await flight.channel.view()).client?.tokensUsed).toBe(tokens)
    expect(await step(flight.pilot)).toBe('sent top-up')
  })

  it('does nothing without rules, for a channel that is not open, and when asked to stop', async () => {
    const bare = { ...LIMITS, topUp: undefined, charge: undefined }
    const { pilot, world } = await opened(1n * TON, { limits: bare })
    expect(await step(pilot)).toBe('holding nothing-to-do')
    const empty = fly(await World.create())
    expect(await step(empty.pilot)).toBe('holding not-open')
    expect(sentNano(world)).toBe(0n)
  })

  it('asks onPlan, and an error of it is a no', async () => {
    for (const onPlan of [
      () => false,
      () => {
        throw new Error('not now')
      }
    ]) {
      const { pilot, world } = await opened(17n * TON, { onPlan })
      expect(await step(pilot)).toBe('holding vetoed')
      expect(sentNano(world)).toBe(0n)
    }
  })

  it('holds back what its value, the wallet or a risk forbids', async () => {
    const small = await opened(17n * TON, { limits: { ...LIMITS, messageValueNano: 100_000_000n } })
    expect(await step(small.pilot)).toBe('holding value-too-small')
    const below = { ...LIMITS, topUp: { belowNano: 2n * TON, byNano: TON } }
    const poor = await opened(TON, { limits: below })
    expect(await step(poor.pilot)).toBe('holding risk')
    const accepting = fly(poor.world, { limits: { ...below, acknowledge: ['deposit-below-stake'] } })
    expect(await step(accepting.pilot)).toBe('sent top-up')
    const world = await (await World.create({ coins: 18n * TON })).opened(17n * TON)
    await world.advance(120)
    expect(await step(fly(world).pilot)).toBe('holding owner-short')
    const closed = await opened(17n * TON)
    await closed.world.closeProxy()
    expect(await step(closed.pilot)).toBe('holding risk')
    expect(closed.world.ledger.openReservations()).toEqual([])
  })
})

describe.skipIf(!HAS_VECTORS)('caps', () => {
  /** Steps of a pilot that always wants to top up; the step that finds out what became of a message is not told. */
  async function drain(flight: Flight, rounds: number): Promise<string[]> {
    const said: string[] = []
    for (let round = 0; round < rounds; round++) {
      said.push(await step(flight.pilot))
      if (said.at(-1) === 'sent top-up') expect(await step(flight.pilot)).toBe('holding settling')
      await flight.world.advance(300)
    }
    return said
  }

  it('holds at the cap of the day, says when it frees, and goes on then; stops at the total', async () => {
    const limits = { ...LIMITS, topUp: { belowNano: 100n * TON, byNano: 5n * TON } }
    const flight = await opened(17n * TON, { limits })
    const { world, events, pilot } = flight
    expect(await drain(flight, 4)).toEqual(['sent top-up', 'sent top-up', 'holding cap', 'holding cap'])
    expect(sentNano(world)).toBe(2n * (5n * TON + MESSAGE))
    const capped = events.filter((event) => event.type === 'caps-used-up')
    expect(capped).toEqual([expect.objectContaining({ cap: 'maxPerDayNano', freesAtMs: expect.any(Number) })])
    expect(world.ledger.openReservations()).toEqual([])
    await world.advance(86_400)
    expect(await drain(flight, 3)).toEqual(['sent top-up', 'sent top-up', 'holding cap'])
    await world.advance(86_400)
    expect(await drain(flight, 1)).toEqual(['sent top-up'])
    expect(await step(pilot)).toBe('holding cap, stopped caps-used-up')
    expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'caps-used-up' })
    expect(await step(pilot)).toBe('stopped caps-used-up')
    // A restart finds the journal and stops again.
    const restarted = fly(world, { limits })
    expect(await step(restarted.pilot)).toBe('holding cap, stopped caps-used-up')
    expect(sentNano(world)).toBe(5n * (5n * TON + MESSAGE))
  })

  it("the ledger's own limits hold beside them", async () => {
    const flight = await opened(17n * TON)
    const ledger = await openLedger({
      store: memoryLedgerStore(),
      clock: flight.world.clock,
      limits: { perDayNano: TON }
    })
    const pilot = fly(flight.world, {}, await again(flight.world, { ledger })).pilot
    expect(await step(pilot)).toBe('holding cap')
    expect(ledger.totals().reservedNano).toBe(0n)
  })

  it.each(['one ledger', 'ledgers of their own on one store'])(
    'many pilots with %s send once, agree on what became of it, and never exceed the caps',
    async (kind) => {
      const { world } = await opened(17n * TON)
      const limits = { ...LIMITS, topUp: { belowNano: 100n * TON, byNano: 5n * TON } }
      const store = memoryLedgerStore()
      const flights = await Promise.all(
        [1, 2, 3, 4, 5].map(async () => {
          if (kind === 'one ledger') return fly(world, { limits })
          return fly(world, { limits }, await again(world, { ledger: await openLedger({ store, clock: world.clock }) }))
        })
      )
      const ledger = flights[0]?.channel.ledger ?? world.ledger
      for (let round = 0; round < 4; round++) {
        const said = await Promise.all(flights.map(({ pilot }) => step(pilot)))
        expect(said.filter((text) => text.startsWith('sent')).length).toBe(round < 2 ? 1 : 0)
        const after = await Promise.all(flights.map(({ pilot }) => step(pilot)))
        expect([...said, ...after].filter((text) => /failed|stopped/.test(text))).toEqual([])
        await world.advance(300)
      }
      await ledger.refresh()
      expect(sentNano(world, ledger)).toBe(2n * (5n * TON + MESSAGE))
      expect(ledger.openReservations()).toEqual([])
    }
  )

  it('sends one message at a time for one wallet', async () => {
    const { world, channel } = await opened(17n * TON)
    const seed = fromHex('c1'.repeat(32))
    const { publicKey } = (await import('tweetnacl')).default.sign.keyPair.fromSeed(seed)
    const second = await findChannel(
      { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: publicKey },
      world.environment
    )
    const plan = await second.open({ depositNano: 16n * TON, secret: new Uint8Array(32).map((_, at) => at * 7 + 3) })
    const acknowledge = plan.risks.map(({ id }) => id)
    await second.send(plan, { valueNano: plan.minimumValueNano, capNano: 20n * TON, acknowledge })
    await second.track()
    await world.advance(120)
    world.source.failure = 'before'
    const { pilot } = fly(world, { channels: [channel, second], limits: { ...LIMITS, acknowledge: [] } })
    expect(await step(pilot)).toBe('failed ERR_CHAIN_UNAVAILABLE, holding wallet-busy')
  })
})

describe.skipIf(!HAS_VECTORS)('crashes', () => {
  it.each<[string, (world: World) => Promise<void> | void, string, string]>([
    ['before the record', () => undefined, 'sent top-up', 'done'],
    [
      'after the record, before the send',
      async (world) => {
        await dieIn(world, 'signer')
      },
      'holding message-pending',
      'expired'
    ],
    [
      'after the send, before its outcome was recorded',
      async (world) => {
        await dieIn(world, 'after-send')
      },
      'holding settling',
      'done'
    ]
  ])('%s: a restart neither forgets nor repeats', async (_name, crash, next, result) => {
    const { world } = await opened(17n * TON)
    const before = world.ledger.journal().length
    await crash(world)
    const { pilot, events } = fly(world)
    expect(await step(pilot)).toBe(next)
    if (next === 'holding message-pending') {
      await world.advance(299)
      expect(await step(pilot)).toBe('holding message-pending')
      await world.advance(123)
    }
    await step(pilot)
    const ended = events.filter((event) => event.type === 'ended')
    expect(ended).toEqual([expect.objectContaining({ outcome: expect.objectContaining({ result }) })])
    await world.advance(400)
    const last = await step(pilot)
    expect(last).toBe(result === 'expired' ? 'sent top-up' : 'holding nothing-to-do')
    expect(world.ledger.journal().length - before).toBe(result === 'expired' ? 2 : 1)
    expect((await world.channel.view()).client?.balanceNano).toBe(22n * TON)
  })

  /** A process that dies inside the signer, or right after the wallet took the message. */
  async function dieIn(world: World, where: 'signer' | 'after-send'): Promise<void> {
    const { signer } = world.environment
    if (signer === undefined) throw new Error('no signer')
    let reach = (): void => undefined
    const reached = new Promise<void>((resolve) => (reach = resolve))
    const dying = {
      ...signer,
      send: async (...call: Parameters<typeof signer.send>): Promise<never> => {
        if (where === 'after-send') await signer.send(...call)
        reach()
        return new Promise<never>(() => undefined)
      }
    }
    const { pilot } = fly(world, {}, await again(world, { signer: dying }))
    void pilot.step()
    await reached
  }
})

describe.skipIf(!HAS_VECTORS)('hostile and silent chains', () => {
  const reading = (world: World, change: Partial<ChannelEnvironment['reader']>): Promise<Channel> =>
    again(world, {
      reader: {
        name: 'liar',
        getAccount: (address) => world.source.getAccount(address),
        getTransactions: (address, query) => world.source.getTransactions(address, query),
        getMasterchainBlock: () => world.source.getMasterchainBlock(),
        ...change
      }
    })

  it('stops at a state that cannot be the channel’s', async () => {
    const { world } = await opened(17n * TON)
    const foreign = Uint8Array.from(Buffer.from(paymentsVectors().mainnet.clientState.boc, 'base64'))
    const channel = await reading(world, {
      getAccount: async (address) => ({ ...(await world.source.getAccount(address)), data: foreign })
    })
    const { pilot, events } = fly(world, {}, channel)
    expect(await step(pilot)).toBe('failed ERR_CONTRACT_STATE, stopped chain-lies')
    expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'chain-lies' })
    expect(sentNano(world)).toBe(0n)
  })

  it('a chain that hides every message: no cap is exceeded, and three in a row end it', async () => {
    const { world } = await opened(17n * TON)
    const frozen = await world.source.getAccount(world.channel.identity.contract)
    const channel = await reading(world, {
      getTransactions: async () => [],
      // Also the balance is shown as it was: only the wallet moves on.
      getAccount: async (address) =>
        address === world.channel.identity.contract ? frozen : world.source.getAccount(address)
    })
    const limits = { ...LIMITS, topUp: { belowNano: 18n * TON, byNano: TON }, maxMessageNano: 2n * TON }
    const { pilot } = fly(world, { limits: { ...limits, maxPerDayNano: 2n * TON } }, channel)
    const said: string[] = []
    for (let round = 0; round < 30; round++) {
      said.push(await step(pilot))
      await world.advance(450)
    }
    expect(said.filter((text) => text === 'sent top-up').length).toBe(1)
    expect(said).toContain('holding cap')
    const { pilot: richer } = fly(world, { limits }, channel)
    const more: string[] = []
    for (let round = 0; round < 30; round++) {
      more.push(await step(richer))
      await world.advance(900)
    }
    expect(more.filter((text) => text === 'sent top-up').length).toBe(2)
    expect(more.at(-1)).toBe('holding messages-fail')
    expect(sentNano(world)).toBe(3n * (TON + MESSAGE))
  })

  it('a source that lags behind its own answers is not believed', async () => {
    const { world, channel: good } = await opened(20n * TON)
    let old: Awaited<ReturnType<typeof world.source.getAccount>> | undefined
    const channel = await reading(world, {
      getAccount: async (address) =>
        address === good.identity.contract && old !== undefined ? old : world.source.getAccount(address)
    })
    const before = await world.source.getAccount(good.identity.contract)
    await world.signed(50_000_000n)
    const { pilot } = fly(
      world,
      { limits: { ...LIMITS, charge: { fromUnsettledNano: TON, maxUnsettledNano: 15n * TON } } },
      channel
    )
    expect(await step(pilot)).toBe('sent charge')
    await world.advance(300)
    await step(pilot)
    await world.advance(300)
    expect(await step(pilot)).toBe('holding nothing-to-do')
    old = before
    expect(await step(pilot)).toBe('failed ERR_CHAIN_RESPONSE')
    old = undefined
    expect(await step(pilot)).toBe('holding nothing-to-do')
    expect(parseClientState(before.data ?? new Uint8Array()).tokensUsed).toBe(0n)
  })

  it('backs off from a chain that fails, then stops by itself; start begins anew', async () => {
    const { world } = await opened(17n * TON)
    let down = true
    const channel = await reading(world, {
      getAccount: async (address) => {
        if (down) throw new Error('connection refused')
        return world.source.getAccount(address)
      }
    })
    const { pilot, events } = fly(world, { maxFailures: 4 }, channel)
    const waits: number[] = []
    for (let round = 0; round < 4; round++) waits.push((await pilot.step()).nextInMs)
    expect(waits).toEqual([5000, 10_000, 20_000, 40_000])
    expect(pilot.stopped).toBe('chain-silent')
    down = false
    pilot.start()
    while (!events.some(({ type }) => type === 'sent')) await world.clock.advance(1000)
    await pilot.stop()
    expect(pilot.stopped).toBe(null)
    expect(world.clock.pendingTimers).toBe(0)
  })

  it('a source that never answers costs a step its time, and nothing leaves after stop', async () => {
    const { world } = await opened(17n * TON)
    const held: Array<() => void> = []
    const channel = await reading(world, {
      getAccount: async (address) => {
        await new Promise<void>((resolve) => held.push(resolve))
        return world.source.getAccount(address)
      }
    })
    const { pilot } = fly(world, { stepTimeoutMs: 10_000 }, channel)
    const first = step(pilot)
    await world.clock.advance(10_000)
    expect(await first).toBe('failed ERR_TIMEOUT')
    pilot.start()
    await settle()
    await pilot.stop()
    // Everything answers at last: the steps behind it are over.
    for (let round = 0; round < 20; round++) {
      for (const release of held.splice(0)) release()
      await settle()
    }
    expect(sentNano(world)).toBe(0n)
    expect(world.clock.pendingTimers).toBe(0)
  })

  it('ends when the ledger cannot be written', async () => {
    const { world } = await opened(17n * TON)
    const inner = memoryLedgerStore()
    const store = { ...inner, append: () => Promise.reject(new Error('disk full')) }
    const ledger = await openLedger({ store, clock: world.clock })
    const { pilot } = fly(world, {}, await again(world, { ledger }))
    expect(await step(pilot)).toBe('failed ERR_LEDGER, stopped ledger-failed')
    expect((await world.channel.view()).client?.balanceNano).toBe(17n * TON)
  })
})

describe.skipIf(!HAS_VECTORS)('proxies that take too much', () => {
  it('gets no coins and no charge of ours after a receipt that costs', async () => {
    const flight = await opened(17n * TON)
    const { world, channel } = flight
    const { contract } = channel.identity
    const receipt = receiptOf({ contract, atMs: world.clock.now(), chargedTokens: 5000n })
    expect(receipt.findings.map(({ id }) => id)).toEqual(['charged-without-usage'])
    await world.ledger.recordReceipt('one', encodeReceipt(receipt))
    expect(await step(flight.pilot)).toBe('holding overcharge')
    await tokensFor(flight, 3n * TON)
    expect(await step(flight.pilot)).toBe('holding overcharge')
    const forgiving = fly(world, { forgiveUntilMs: world.clock.now() })
    expect(await step(forgiving.pilot)).toBe('sent charge')
  })

  it('is not helped to a charge beyond what can be unsettled, nor fed', async () => {
    const flight = await opened(20n * TON)
    await tokensFor(flight, 16n * TON)
    expect(await step(flight.pilot)).toBe('holding overcharge')
    expect(sentNano(flight.world)).toBe(0n)
  })

  it('is seen until the message is written down: what it claims or signs after the plan counts', async () => {
    const flight = await opened(20n * TON)
    const { world, channel } = flight
    await tokensFor(flight, 3n * TON)
    const signing = fly(world, { onPlan: () => tokensFor(flight, 16n * TON).then(() => true) })
    expect(await step(signing.pilot)).toBe('holding overcharge')
    expect(sentNano(world)).toBe(0n)

    const other = await opened(17n * TON)
    const receipt = receiptOf({ contract: channel.identity.contract, atMs: world.clock.now(), chargedTokens: 5000n })
    const claiming = fly(other.world, {
      onPlan: () => other.world.ledger.recordReceipt('one', encodeReceipt(receipt))
    })
    expect(await step(claiming.pilot)).toBe('holding overcharge')
    expect(sentNano(other.world)).toBe(0n)
  })

  it('receipts of others say nothing, whatever stands in them', async () => {
    const { pilot, world } = await opened(17n * TON)
    const foreign = { schema: 'cocoonkit.gateway-receipt.v1', model: 'cocoonkit.receipt.v1', spentNano: '1' }
    await world.ledger.recordReceipt('gateway:1', JSON.stringify(foreign))
    expect(await step(pilot)).toBe('sent top-up')
  })

  it('with an exclusive account every signed token must be in a receipt', async () => {
    const flight = await opened(20n * TON, { exclusive: true })
    const { world, channel } = flight
    const { contract } = channel.identity
    const tokens = await tokensFor(flight, 3n * TON)
    const known = receiptOf({ contract, atMs: world.clock.now(), totalAfter: tokens - 1n })
    await world.ledger.recordReceipt('one', encodeReceipt(known))
    expect(await step(flight.pilot)).toBe('holding overcharge')
    await world.ledger.recordReceipt('two', encodeReceipt({ ...known, totalAfter: tokens }))
    expect(await step(flight.pilot)).toBe('sent charge')
  })
})

describe.skipIf(!HAS_VECTORS)('contracts of earlier params', () => {
  const QUIET = { quietForMs: 3_600_000 }

  async function outdated(depositNano: bigint, limits: Partial<AutoPilotLimits> = {}): Promise<Flight> {
    const world = await (await World.create({ coins: 200n * TON })).opened(depositNano)
    await world.advance(120)
    // Registry of later params: the channel is found by its contract alone.
    const state = laterRootBoc()
    const rootAddress = paymentsVectors().mainnet.rootAddress
    const registry = openRegistry({ network: { name: 'later', rootAddress, state }, clock: world.clock })
    const channel = await attachChannel(world.channel.identity.contract, { ...world.environment, registry })
    expect((await channel.view()).root.paramsVersion).toBeGreaterThan(17)
    return fly(world, { limits: { ...LIMITS, ...limits } }, channel)
  }

  it('are reported and left alone without a rule', async () => {
    const { pilot, world } = await outdated(17n * TON)
    expect(await step(pilot)).toBe('holding outdated')
    expect(sentNano(world)).toBe(0n)
  })

  it('are closed after a quiet time, the charge before; a grant ends it', async () => {
    const flight = await outdated(20n * TON, { closeOutdated: QUIET })
    const { pilot, world, channel } = flight
    const tokens = await tokensFor(flight, TON)
    expect(await step(pilot)).toBe('holding draining')
    await world.ledger.reserve({
      id: 'request:1',
      amountNano: 1n,
      recipient: channel.identity.contract,
      purpose: 'request'
    })
    await world.advance(3000)
    await world.ledger.reserve({
      id: 'request:2',
      amountNano: 1n,
      recipient: channel.identity.contract,
      purpose: 'request'
    })
    await world.advance(700)
    expect(await step(pilot)).toBe('holding draining')
    await world.advance(2900)
    expect(await step(pilot)).toBe('sent charge')
    await step(pilot)
    await world.advance(61)
    expect(await step(pilot)).toBe('sent close')
    await step(pilot)
    await world.advance(61)
    expect(await step(pilot)).toBe('holding grant-due')
    // What lay above the stake came back at once.
    expect((await channel.view()).client).toMatchObject({ phase: 'closing', balanceNano: 15n * TON })
    const body = await world.signed(tokens, 'grant')
    await world.sandbox.send({ from: PROXY_OWNER, to: channel.identity.contract, valueNano: TON, body })
    expect(await step(pilot)).toBe('holding closed')
  })

  it('never forfeits: a forced close waits for a closed proxy or an accepted, covered race', async () => {
    const flight = await outdated(20n * TON, { closeOutdated: { quietForMs: 0 } })
    const { pilot, world, channel } = flight
    expect(await step(pilot)).toBe('sent close')
    await step(pilot)
    await world.advance(43_400)
    expect(await step(pilot)).toBe('holding grant-refused')
    await world.stakeProxy(15n * TON)
    expect(await step(pilot)).toBe('holding risk')
    const closeOutdated = { quietForMs: 0 }
    const accepting = fly(
      world,
      { limits: { ...LIMITS, closeOutdated, acknowledge: ['forced-close-shared-stake'] } },
      channel
    )
    expect(await step(accepting.pilot)).toBe('sent refund')
    await step(accepting.pilot)
    await world.advance(61)
    expect(await step(accepting.pilot)).toBe('holding closed')
  })

  it('a closed proxy pays in full without a risk', async () => {
    const flight = await outdated(20n * TON, { closeOutdated: { quietForMs: 0 } })
    const { pilot, world } = flight
    expect(await step(pilot)).toBe('sent close')
    await step(pilot)
    await world.closeProxy()
    await world.advance(43_400)
    const before = await world.ownerNano()
    expect(await step(pilot)).toBe('sent refund')
    expect((await world.ownerNano()) - before).toBeGreaterThan(14n * TON)
  })
})
