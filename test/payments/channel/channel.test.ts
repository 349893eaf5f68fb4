/** Channels against the mainnet bytecode: the whole life, and every way to lose money of payments.md §6. */
import { Address } from '@ton/core'
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { openStandardWallet, signCharge } from '../../../src/payments/contracts/index.js'
import {
  attachChannel,
  ed25519Sign,
  findChannel,
  hasPublicSecret,
  memoryLedgerStore,
  openLedger,
  secretHash,
  walletSigner,
  type ChannelPlan,
  type Confirmation,
  type RiskId
} from '../../../src/payments/channel/index.js'
import { offlineNetwork, openRegistry } from '../../../src/payments/registry/index.js'
import { SeededRandom } from '../../support/seeded-random.js'
import { fromHex, HAS_VECTORS, paymentsVectors, toHex } from '../support.js'
import { ANYBODY, PROXY_KEY, PROXY_OWNER, PROXY_SEED, SECRET, TON, World } from './world.js'

const refusedFor = (...risks: RiskId[]): object => ({ code: 'ERR_CHANNEL_RISK', field: risks.join(',') })

describe.skipIf(!HAS_VECTORS)('the life of a channel', () => {
  it('opens, charges, raises the stake, withdraws, closes and gets everything back by a grant, every nano accounted for', async () => {
    const world = await World.create()
    const { channel } = world
    expect((await channel.view()).phase).toBe('none')
    const open = await channel.open({ depositNano: 20n * TON, secret: SECRET })
    expect(open).toMatchObject({
      minimumValueNano: 20n * TON + 230_000_000n,
      creditedNano: 20n * TON,
      deploys: true,
      risks: []
    })
    const startNano = await world.ownerNano()
    expect(await world.go(open)).toBe('done')
    expect(await channel.view()).toMatchObject({
      phase: 'open',
      contractTonNano: 110_000_000n,
      client: { balanceNano: 20n * TON, secretHash: await secretHash(SECRET) },
      outdated: false
    })

    expect(await world.go(await channel.register({ nonce: 5n }))).toBe('done')
    expect(await world.go(await channel.topUp({ amountNano: 5n * TON }))).toBe('done')
    const newSecret = new SeededRandom(8).bytes(32)
    expect(await world.go(await channel.setSecret({ secret: newSecret }))).toBe('done')
    await world.signed(1_000_000n)
    const charge = await channel.charge()
    expect(charge.effects[0]).toContain('1000000 tokens')
    expect(await world.go(charge)).toBe('done')
    expect((await channel.view()).client).toMatchObject({
      balanceNano: 25n * TON - 20_000_000n,
      tokensUsed: 1_000_000n
    })
    expect(
      await world.go(await channel.increaseStake({ newStakeNano: 16n * TON }), { acknowledge: ['stake-locks-balance'] })
    ).toBe('done')
    const withdraw = await channel.withdraw()
    expect(withdraw.payoutNano).toBe(9n * TON - 20_000_000n)
    expect(await world.go(withdraw)).toBe('done')
    expect(await world.go(await channel.close(), { acknowledge: ['close-burns-address'] })).toBe('done')
    expect(await channel.view()).toMatchObject({ phase: 'closing', client: { balanceNano: 16n * TON } })

    await world.sandbox.send({
      from: ANYBODY,
      to: channel.identity.contract,
      valueNano: TON,
      body: await world.signed(1_000_000n, 'grant')
    })
    expect(await channel.view()).toMatchObject({ phase: 'closed', client: { balanceNano: 0n } })
    // All that is gone: 1,000,000 tokens at 20 nano, the contract's own 0.11 TON (0.01 stays, 0.10 went to the proxy), fees.
    const spentNano = startNano - (await world.ownerNano())
    const feesNano = spentNano - 20_000_000n - 110_000_000n
    expect(feesNano).toBeGreaterThan(0n)
    expect(feesNano).toBeLessThan(130_000_000n)
    expect(world.ledger.openReservations()).toEqual([])
  })

  it('opens with 1.25 TON in all, the cheapest complete start', async () => {
    const world = await World.create({ coins: 2n * TON })
    const plan = await world.channel.open({ depositNano: TON, secret: SECRET })
    expect(plan.minimumValueNano).toBe(1_230_000_000n)
    expect(plan.risks.map((risk) => risk.id)).toEqual(['deposit-below-stake'])
    expect(
      await world.go(plan, { valueNano: 1_250_000_000n, capNano: 1_250_000_000n, acknowledge: ['deposit-below-stake'] })
    ).toBe('done')
  })

  it.each(['v5r1', 'cocoon'] as const)(
    'the least value of every plan suffices, from a %s wallet, and after an idle year',
    async (wallet) => {
      const world = await (await World.create({ wallet })).opened()
      const { channel } = world
      await world.advance(365 * 86_400)
      expect(await world.go(await channel.topUp({ amountNano: TON }))).toBe('done')
      // What was too much came back: the contract keeps its 0.11 TON and no more.
      expect((await channel.view()).contractTonNano).toBe(110_000_000n)
      expect(await world.go(await channel.register({ nonce: 5n }))).toBe('done')
      await world.signed(1000n)
      for (const next of [() => channel.charge(), () => channel.withdraw(), () => channel.close()])
        expect(await world.go(await next(), { acknowledge: ['close-burns-address'] })).toBe('done')
    }
  )

  it('finds a channel again by its contract alone', async () => {
    const world = await (await World.create()).opened()
    const attached = await attachChannel(world.channel.identity.contract, world.environment)
    expect({ ...attached.identity, stateInit: null }).toEqual({ ...world.channel.identity, stateInit: null })
    expect((await attached.view()).phase).toBe('open')
    await expect(attachChannel(ANYBODY, world.environment)).rejects.toMatchObject({ code: 'ERR_CHANNEL_STATE' })
  })
})

describe.skipIf(!HAS_VECTORS)('consent', () => {
  it('moves nothing without amounts, a cap that holds, coins, and the right signer', async () => {
    const world = await World.create({ coins: 21n * TON })
    const plan = await world.channel.open({ depositNano: 20n * TON, secret: SECRET })
    const value = plan.minimumValueNano
    const attempt = (confirmation: object): Promise<unknown> =>
      world.channel.send(plan, confirmation as Confirmation).then(
        () => 'sent',
        (error: { code: string; field?: string }) => `${error.code} ${error.field ?? ''}`.trim()
      )
    expect(await attempt({})).toBe('ERR_OPTIONS valueNano')
    expect(await attempt({ valueNano: value })).toBe('ERR_OPTIONS capNano')
    expect(await attempt({ valueNano: value - 1n, capNano: value })).toBe('ERR_OPTIONS valueNano')
    expect(await attempt({ valueNano: value, capNano: value - 1n })).toBe('ERR_LIMIT_EXCEEDED capNano')
    expect(await attempt({ valueNano: 22n * TON, capNano: 22n * TON })).toBe('ERR_CHANNEL_STATE valueNano')
    expect(await attempt({ valueNano: value, capNano: value, limits: { perRequestNano: TON } })).toBe(
      'ERR_LIMIT_EXCEEDED perRequestNano'
    )
    expect(world.ledger.journal()).toEqual([])
    const { signer: _signer, ...watching } = world.environment
    const watcher = await findChannel(
      { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY },
      watching
    )
    await expect(watcher.send(plan, { valueNano: value, capNano: value })).rejects.toMatchObject({
      code: 'ERR_CHANNEL_STATE'
    })
    const foreign = await findChannel(
      { owner: ANYBODY, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY },
      world.environment
    )
    await expect(
      foreign.send(await foreign.plan(plan.action), { valueNano: value, capNano: value })
    ).rejects.toMatchObject({ code: 'ERR_CHANNEL_STATE' })
    expect((await world.channel.view()).phase).toBe('none')
  })

  it('writes the message down before it leaves, and waits for its end before the next', async () => {
    const world = await (await World.create({ limits: { totalNano: 60n * TON } })).opened()
    world.source.failure = 'after'
    const plan = await world.channel.topUp({ amountNano: TON })
    const confirmation = { valueNano: plan.minimumValueNano, capNano: plan.minimumValueNano }
    await expect(world.channel.send(plan, confirmation)).rejects.toMatchObject({ charged: 'unknown' })
    world.source.failure = 'none'
    await expect(world.channel.send(plan, confirmation)).rejects.toMatchObject({ code: 'ERR_CHANNEL_STATE' })
    expect(await world.channel.track()).toEqual([expect.objectContaining({ kind: 'top-up', result: 'done' })])
    expect((await world.channel.view()).client?.balanceNano).toBe(21n * TON)
    expect(await world.go(await world.channel.topUp({ amountNano: TON }))).toBe('done')
  })

  it('lets a message that never arrived expire, and frees its reservation', async () => {
    const world = await (await World.create()).opened()
    world.source.failure = 'before'
    const plan = await world.channel.topUp({ amountNano: TON })
    const before = world.ledger.totals().totalNano
    await expect(
      world.channel.send(plan, { valueNano: plan.minimumValueNano, capNano: plan.minimumValueNano })
    ).rejects.toMatchObject({ charged: 'unknown' })
    world.source.failure = 'none'
    await world.advance(300)
    expect(await world.channel.track()).toEqual([expect.objectContaining({ result: 'pending' })])
    await world.advance(121)
    expect(await world.channel.track()).toEqual([expect.objectContaining({ result: 'expired' })])
    expect(world.ledger.totals().totalNano).toBe(before)
    expect((await world.channel.view()).pending).toEqual([])
  })

  it('a charge whose query id the proxy copied from an earlier message is not taken for it', async () => {
    const world = await (await World.create()).opened()
    const [opening] = world.ledger.journal()
    const { contract } = world.channel.identity
    const tokens = 1000n
    const boc = signCharge({
      kind: 'charge',
      queryId: opening?.intent.queryId ?? 0n,
      tokens,
      target: contract,
      excess: PROXY_OWNER,
      seed: PROXY_SEED
    })
    await world.ledger.recordCharge({ contract, tokens, boc: toHex(boc) })
    const plan = await world.channel.charge()
    world.source.failure = 'before'
    const valueNano = plan.minimumValueNano
    await expect(world.channel.send(plan, { valueNano, capNano: valueNano })).rejects.toMatchObject({
      charged: 'unknown'
    })
    expect(await world.channel.track()).toEqual([expect.objectContaining({ kind: 'charge', result: 'pending' })])
  })

  it('a signer is not asked any more when the call ends while its message is written down', async () => {
    const world = await (await World.create()).opened()
    let asked = 0
    const signer = {
      address: world.wallet.address,
      enforcesValidity: true,
      send: () => Promise.resolve(void asked++)
    }
    const parties = { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY }
    const channel = await findChannel(parties, { ...world.environment, signer })
    const plan = await channel.topUp({ amountNano: TON })
    const ending = new AbortController()
    const valueNano = plan.minimumValueNano
    const sending = channel.send(plan, {
      valueNano,
      capNano: valueNano,
      signal: ending.signal,
      guard: () => ending.abort()
    })
    await expect(sending).rejects.toMatchObject({ code: 'ERR_ABORTED', charged: 'no' })
    expect(asked).toBe(0)
    expect(world.ledger.journal().at(-1)?.outcome?.result).toBe('refused')
    expect(world.ledger.totals().reservedNano).toBe(0n)
  })

  it('a charge whose query id the proxy used before is not taken for the charge of then', async () => {
    const world = await (await World.create()).opened()
    const { contract } = world.channel.identity
    const sign = async (tokens: bigint): Promise<void> => {
      const more = { target: contract, excess: PROXY_OWNER, seed: PROXY_SEED }
      const boc = signCharge({ kind: 'charge', queryId: 7n, tokens, ...more })
      await world.ledger.recordCharge({ contract, tokens, boc: toHex(boc) })
    }
    await sign(1000n)
    expect(await world.go(await world.channel.charge())).toBe('done')
    await world.advance(300)
    await sign(2000n)
    const plan = await world.channel.charge()
    world.source.failure = 'before'
    const valueNano = plan.minimumValueNano
    await expect(world.channel.send(plan, { valueNano, capNano: valueNano })).rejects.toMatchObject({
      charged: 'unknown'
    })
    expect(await world.channel.track()).toEqual([expect.objectContaining({ kind: 'charge', result: 'pending' })])
  })

  it('a crash between record and send is found out after a restart', async () => {
    const world = await World.create()
    const store = memoryLedgerStore()
    const dying = {
      ...world.environment,
      ledger: await openLedger({ store, clock: world.clock }),
      signer: { address: world.wallet.address, enforcesValidity: true, send: () => new Promise<never>(() => undefined) }
    }
    const parties = { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY }
    const channel = await findChannel(parties, dying)
    const plan = await channel.open({ depositNano: 20n * TON, secret: SECRET })
    void channel.send(plan, { valueNano: plan.minimumValueNano, capNano: plan.minimumValueNano })
    while ((await openLedger({ store, clock: world.clock })).journal().length === 0) await world.clock.advance(0)
    const restarted = await findChannel(parties, {
      ...world.environment,
      ledger: await openLedger({ store, clock: world.clock })
    })
    expect((await restarted.view()).phase).toBe('deploying')
    await expect(restarted.plan(plan.action)).rejects.toMatchObject({ code: 'ERR_CHANNEL_STATE' })
    await world.advance(500)
    expect(await restarted.track()).toEqual([expect.objectContaining({ kind: 'open', result: 'expired' })])
    expect((await restarted.view()).phase).toBe('none')
  })
})

describe.skipIf(!HAS_VECTORS)('ways to lose money (payments.md §6)', () => {
  it('1: a forced close at a proxy without stake is not sent unless the forfeit is acknowledged', async () => {
    const world = await (await World.create()).closing()
    await expect(world.channel.refund()).rejects.toMatchObject({ code: 'ERR_CHANNEL_STATE' })
    await world.advance(43_201)
    const plan = await world.channel.refund()
    expect(plan).toMatchObject({ payoutNano: 0n, risks: [{ id: 'forced-close-forfeits', mayLoseNano: 15n * TON }] })
    await expect(world.go(plan)).rejects.toMatchObject(refusedFor('forced-close-forfeits'))
    expect((await world.channel.view()).client?.balanceNano).toBe(15n * TON)
    expect(await world.go(plan, { acknowledge: ['forced-close-forfeits'] })).toBe('done')
    expect(await world.channel.view()).toMatchObject({ phase: 'closed', client: { balanceNano: 0n } })
  })

  it('1 and 2: with a covering stake the race is named; with a closed proxy the full balance comes without a risk', async () => {
    const staked = await (await World.create()).closing()
    await staked.stakeProxy(15n * TON)
    await staked.advance(43_201)
    const plan = await staked.channel.refund()
    expect(plan.payoutNano).toBe(15n * TON)
    await expect(staked.go(plan)).rejects.toMatchObject(refusedFor('forced-close-shared-stake'))

    const closed = await (await World.create()).closing()
    await closed.closeProxy()
    await closed.advance(43_201)
    const before = await closed.ownerNano()
    expect(await closed.go(await closed.channel.refund())).toBe('done')
    expect((await closed.ownerNano()) - before).toBeGreaterThan(14n * TON)
  })

  it('2: a plan that was safe is looked at again before it is sent', async () => {
    const world = await (await World.create()).closing()
    await world.stakeProxy(15n * TON)
    await world.advance(43_201)
    const plan = await world.channel.refund()
    // Another client takes the stake between plan and send: the consent to the race does not cover a certain loss.
    const seed = fromHex('0b'.repeat(32))
    const wallet = await openStandardWallet({ version: 'v4r2', publicKey: nacl.sign.keyPair.fromSeed(seed).publicKey })
    await world.sandbox.send({ from: ANYBODY, to: wallet.address, valueNano: 50n * TON, bounce: false })
    const rival = await findChannel(
      { owner: wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY },
      {
        ...world.environment,
        signer: walletSigner({ wallet, sign: ed25519Sign(seed), reader: world.source, sender: world.source })
      }
    )
    const step = async (made: Promise<ChannelPlan>, acknowledge: RiskId[]): Promise<void> => {
      const rivalPlan = await made
      await rival.send(rivalPlan, { valueNano: rivalPlan.minimumValueNano, capNano: 30n * TON, acknowledge })
      expect(await rival.track()).toEqual([expect.objectContaining({ result: 'done' })])
    }
    await step(rival.open({ depositNano: 15n * TON, secret: SECRET }), ['deposit-below-stake'])
    await step(rival.close(), ['close-burns-address'])
    await world.advance(43_201)
    await step(rival.refund(), ['forced-close-shared-stake'])
    expect((await world.channel.view()).proxy?.stakeNano).toBe(0n)
    await expect(world.go(plan, { acknowledge: ['forced-close-shared-stake'] })).rejects.toMatchObject(
      refusedFor('forced-close-forfeits')
    )
  })

  it('3: no deposit into a closing channel', async () => {
    const world = await (await World.create()).closing()
    await expect(world.channel.topUp({ amountNano: TON })).rejects.toMatchObject({ code: 'ERR_CHANNEL_STATE' })
    await expect(world.channel.open({ depositNano: TON, secret: SECRET })).rejects.toMatchObject({
      code: 'ERR_CHANNEL_STATE'
    })
  })

  it('4: a deposit to a proxy contract that is not deployed, or closed, must be acknowledged', async () => {
    const world = await World.create({ proxyDeployed: false })
    const plan = await world.channel.open({ depositNano: 20n * TON, secret: SECRET })
    await expect(world.go(plan)).rejects.toMatchObject(refusedFor('proxy-not-deployed'))
    const closed = await (await World.create()).opened()
    await closed.closeProxy()
    await expect(closed.go(await closed.channel.topUp({ amountNano: TON }))).rejects.toMatchObject(
      refusedFor('proxy-closed')
    )
  })

  it('5: a payout that the proxy contract cannot make must be acknowledged', async () => {
    const world = await (await World.create()).opened(30n * TON)
    const view = await world.channel.view()
    const poor = {
      ...world.environment,
      reader: {
        name: 'poor',
        getTransactions: world.source.getTransactions.bind(world.source),
        getMasterchainBlock: world.source.getMasterchainBlock.bind(world.source),
        getAccount: async (address: string): Promise<never> =>
          ({
            ...(await world.source.getAccount(address)),
            ...(address === view.identity.proxy && { balanceNano: TON })
          }) as never
      }
    }
    const channel = await findChannel(
      { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY },
      poor as never
    )
    const plan = await channel.withdraw()
    expect(plan.risks).toEqual([expect.objectContaining({ id: 'proxy-short-of-ton', mayLoseNano: 15n * TON })])
    await expect(channel.send(plan, { valueNano: TON, capNano: TON })).rejects.toMatchObject(
      refusedFor('proxy-short-of-ton')
    )
    const close = await channel.close()
    expect(close.risks.map((risk) => risk.id)).toEqual(['close-burns-address', 'proxy-short-of-ton'])
  })

  it('6, 7, 8, 12: every message has a body, the owner as address for the change, and its amounts', async () => {
    const world = await (await World.create()).opened()
    const sent = (await world.source.getTransactions(world.channel.identity.contract, { limit: 9 })).map(
      (transaction) => transaction.inMessage?.body
    )
    expect(sent.every((body) => body !== undefined && body.length > 20)).toBe(true)
    // The contract never keeps more than its 0.11 TON: nothing was left behind by the deployment.
    expect((await world.channel.view()).contractTonNano).toBe(110_000_000n)
    expect(
      await world.go(await world.channel.increaseStake({ newStakeNano: 15n * TON + 1n }), {
        acknowledge: ['stake-locks-balance']
      })
    ).toBe('done')
    expect((await world.channel.view()).client?.stakeNano).toBe(15n * TON + 1n)
  })

  it('9: closing burns the address, must be acknowledged, and nothing is sent to a closed contract', async () => {
    const world = await (await World.create()).opened()
    await expect(world.go(await world.channel.close())).rejects.toMatchObject(refusedFor('close-burns-address'))
    expect(await world.go(await world.channel.close(), { acknowledge: ['close-burns-address'] })).toBe('done')
    await world.sandbox.send({
      from: ANYBODY,
      to: world.channel.identity.contract,
      valueNano: TON,
      body: await world.signed(5n, 'grant')
    })
    for (const attempt of [
      () => world.channel.topUp({ amountNano: TON }),
      () => world.channel.register({ nonce: 1n }),
      () => world.channel.open({ depositNano: TON, secret: SECRET }),
      () => world.channel.charge(),
      () => world.channel.refund()
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'ERR_CHANNEL_STATE',
        remedy: expect.stringContaining('another owner')
      })
    }
  })

  it('10: empty and weak secrets are refused; a public one on chain is recognised', async () => {
    const world = await World.create()
    for (const secret of [
      new Uint8Array(),
      new TextEncoder().encode('hunter2'),
      new Uint8Array(32),
      new Uint8Array(31).map((_, index) => index),
      new TextEncoder().encode('a-long-passphrase-of-32-letters!')
    ]) {
      await expect(world.channel.open({ depositNano: TON, secret })).rejects.toMatchObject({ code: 'ERR_ACCOUNT' })
      await expect(world.channel.setSecret({ secret })).rejects.toMatchObject({ code: 'ERR_ACCOUNT' })
    }
    const view = await (await world.opened()).channel.view()
    expect(hasPublicSecret(view)).toBe(false)
    expect(
      hasPublicSecret({
        ...view,
        client: view.client && { ...view.client, secretHash: await secretHash(new Uint8Array()) }
      })
    ).toBe(true)
  })

  it('11: under new params the old channel is outdated: no deposit by accident, and its coins can still be fetched', async () => {
    const world = await (await World.create()).opened(30n * TON)
    const v3 = paymentsVectors().syntheticRoots['v4']
    const registry = openRegistry({
      network:
        offlineNetwork(paymentsVectors().mainnet.rootAddress, fromHex(v3?.boc ?? '')).isTest === false
          ? { name: 'later', rootAddress: paymentsVectors().mainnet.rootAddress, state: fromHex(v3?.boc ?? '') }
          : offlineNetwork(ANYBODY, fromHex(v3?.boc ?? '')),
      clock: world.clock
    })
    const old = await attachChannel(world.channel.identity.contract, { ...world.environment, registry })
    expect((await old.view()).outdated).toBe(true)
    const topUp = await old.topUp({ amountNano: TON })
    expect(topUp.risks.map((risk) => risk.id)).toContain('outdated-params')
    const withdraw = await old.withdraw()
    expect(withdraw.risks).toEqual([])
    await old.send(withdraw, { valueNano: withdraw.minimumValueNano, capNano: TON })
    expect(await old.track()).toEqual([expect.objectContaining({ kind: 'withdraw', result: 'done' })])
  })
})

describe.skipIf(!HAS_VECTORS)('lies and failures', () => {
  it('refuses to pay into a network whose state it does not understand or whose code refuses the version', async () => {
    const world = await World.create()
    for (const name of ['v5-unknown', 'v3']) {
      const registry = openRegistry({
        network: { name, rootAddress: ANYBODY, state: fromHex(paymentsVectors().syntheticRoots[name]?.boc ?? '') },
        clock: world.clock
      })
      const channel = await findChannel(
        { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY },
        { ...world.environment, registry }
      )
      await expect(channel.open({ depositNano: TON, secret: SECRET })).rejects.toMatchObject({
        code: 'ERR_CONTRACT_VERSION'
      })
    }
  })

  it('refuses a client contract of another owner, another code or a frozen one', async () => {
    const world = await (await World.create()).opened()
    const honest = await world.source.getAccount(world.channel.identity.contract)
    const proxyAccount = await world.source.getAccount(world.proxy.address)
    const lie = async (change: object): Promise<unknown> => {
      const reader = {
        ...world.environment.reader,
        name: 'liar',
        getAccount: async (address: string) =>
          address === world.channel.identity.contract ? { ...honest, ...change } : world.source.getAccount(address)
      }
      const channel = await findChannel(
        { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY },
        { ...world.environment, reader: reader as never }
      )
      return channel.view().then(
        () => 'believed',
        (error: { code?: string }) => error.code
      )
    }
    expect(await lie({})).toBe('believed')
    expect(await lie({ code: proxyAccount.code })).toBe('ERR_CONTRACT_STATE')
    expect(await lie({ data: proxyAccount.data })).toBe('ERR_CONTRACT_STATE')
    expect(await lie({ data: Uint8Array.from(Buffer.from(paymentsVectors().mainnet.clientState.boc, 'base64')) })).toBe(
      'ERR_CONTRACT_STATE'
    )
    expect(await lie({ status: 'frozen' })).toBe('ERR_CONTRACT_STATE')
  })

  it('reports the exit code of a message that the contract refused', async () => {
    const world = await (await World.create()).opened()
    const plan = await world.channel.withdraw()
    // Somebody charges the balance away after the plan: the contract has nothing to pay any more.
    const charge = await world.signed(400_000_000n)
    const racing = world.environment.signer
    if (racing === undefined) throw new Error('no signer')
    const channel = await findChannel(
      { owner: world.wallet.address, proxyOwner: PROXY_OWNER, proxyPublicKey: PROXY_KEY },
      {
        ...world.environment,
        signer: {
          ...racing,
          send: async (messages, options) => {
            await world.sandbox.send({
              from: ANYBODY,
              to: world.channel.identity.contract,
              valueNano: TON,
              body: charge
            })
            await racing.send(messages, options)
          }
        }
      }
    )
    await channel.send(plan, { valueNano: plan.minimumValueNano, capNano: TON })
    expect(await channel.track()).toEqual([
      expect.objectContaining({ kind: 'withdraw', result: 'failed', exitCode: 1001 })
    ])
    expect(Address.parse(world.wallet.address).workChain).toBe(0)
  })
})
