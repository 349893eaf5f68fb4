/**
 * The client's side of money against a devnet with a chain: registry, contracts, receipts, caps, quotes.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { devnetTrust, fromDevnet, startDevnet, type Devnet, type DevnetOptions } from '../../../src/devnet.js'
import { Cocoon, type CocoonOptions, type NetworkEvent } from '../../../src/index.js'
import { staticCollateral } from '../../../src/attestation.js'
import { systemClock } from '../../../src/runtime/shared/index.js'
import { auditReceipt, type Ledger, memoryLedgerStore, openLedger, testnet } from '../../../src/ton.js'

// A devnet with a chain starts in two seconds of a machine of its own, and this one is shared.
vi.setConfig({ testTimeout: 60_000 })

const open: Array<{ close(): Promise<void> }> = []

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

async function start(options: DevnetOptions = {}): Promise<Devnet> {
  const devnet = await startDevnet({ chain: true, ...options })
  open.push(devnet)
  return devnet
}

function ledger(): Promise<Ledger> {
  return openLedger({ store: memoryLedgerStore(), clock: systemClock })
}

function chainOf(devnet: Devnet): NonNullable<Devnet['chain']> {
  if (devnet.chain === undefined) throw new Error('the devnet has no chain')
  return devnet.chain
}

function client(devnet: Devnet, options: Partial<CocoonOptions> = {}): Cocoon {
  const chain = chainOf(devnet)
  const cocoon = new Cocoon({
    network: testnet(chain.rootAddress),
    chain: chain.reader,
    account: devnet.account,
    attestation: fromDevnet(devnet).attestation,
    ...options
  })
  open.push(cocoon)
  return cocoon
}

const ask = { model: 'devnet/echo', messages: [{ role: 'user' as const, content: 'hello there' }], max_tokens: 20 }

describe('a network with a root contract', () => {
  it('gives endpoints, flags, prices; contracts are verified before the secret leaves', async () => {
    const devnet = await start()
    const cocoon = client(devnet)
    const { data, peer, final } = await cocoon.chat.completions.create(ask).withResponse()
    expect(data.choices[0]?.message.content).toContain('cocoonkit devnet')
    expect(peer.contractsVerified).toBe(true)
    expect(cocoon.proxies).toMatchObject([{ address: devnet.network.proxies[0], contractsVerified: true }])
    expect((await final).costSource).toBe('price')
    expect((await cocoon.registry()).root.isTest).toBe(true)
  })

  it('serves from bytes, without a chain', async () => {
    const devnet = await start()
    const { rootAddress, rootState } = chainOf(devnet)
    const state = rootState.call(chainOf(devnet))
    const cocoon = client(devnet, { network: { root: { address: rootAddress, state } }, chain: undefined })
    const { peer } = await cocoon.chat.completions.create(ask).withResponse()
    expect(peer.contractsVerified).toBe(true)
  })

  it('takes image hashes from the root contract, and the report says how it is known', async () => {
    const devnet = await start()
    const { attestation } = devnet.describe()
    const options = { collateral: staticCollateral(attestation.collateral), trust: devnetTrust(devnet) }
    const cocoon = client(devnet, { attestation: options })
    const report = await cocoon.attestation()
    expect(report.verdict).toBe('verified')
    expect(report.trust.join('\n')).toContain('root contract')
    // An image that is taken off the list is refused from the next call on.
    await chainOf(devnet).changeRoot({ proxyHashes: ['11'.repeat(32)] })
    const fresh = client(devnet, { attestation: options })
    await expect(fresh.chat.completions.create(ask)).rejects.toMatchObject({ code: 'ERR_ATTESTATION_REFUSED' })
  })

  it('a proxy of another root is refused, and the secret never leaves', async () => {
    const devnet = await start()
    // The same proxies, but their contracts derive from another network's owner and code version.
    const other = await start({ stateCommitMs: 60_000, prices: { ...devnet.prices, pricePerTokenNano: 21n } })
    const cocoon = client(devnet, {
      network: { ...testnet(chainOf(other).rootAddress), proxies: [...devnet.network.proxies] },
      chain: chainOf(other).reader
    })
    await expect(cocoon.chat.completions.create(ask)).rejects.toMatchObject({ code: 'ERR_REGISTRY_MISMATCH' })
    expect(devnet.stats().authorizations).toBe(0)
  })

  it.each([
    ['no chain and no state', { network: testnet(`0:${'42'.repeat(32)}`) }, 'chain'],
    [
      'a chain without a root',
      { network: { proxies: ['127.0.0.1:1'] }, chain: { getAccount: () => undefined } },
      'chain'
    ],
    [
      'collateral without a root',
      { network: { proxies: ['127.0.0.1:1'] }, attestation: { collateral: {} } },
      'attestation'
    ],
    [
      'a root address that is none',
      { network: { rootAddress: 'nowhere', state: new Uint8Array() } },
      'network.rootAddress'
    ],
    ['payments without a ledger', { network: { proxies: ['127.0.0.1:1'] }, payments: {} }, 'payments.ledger']
  ])('refuses %s', (_name, options, field) => {
    const account = { owner: `0:${'aa'.repeat(32)}`, secret: 'x' }
    expect(() => new Cocoon({ account, ...options } as CocoonOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', field })
    )
  })

  it('drains when params change, says so, and finishes what is under way', async () => {
    const devnet = await start({ tokenDelayMs: 20 })
    const events: NetworkEvent[] = []
    let now = 0
    const clock = {
      ...systemClock,
      monotonic: () => systemClock.monotonic() + now,
      now: () => systemClock.now(),
      setTimer: systemClock.setTimer.bind(systemClock)
    }
    const cocoon = client(devnet, { onEvent: (event) => events.push(event), runtime: { clock } })
    const stream = await cocoon.chat.completions.create({ ...ask, stream: true })
    await chainOf(devnet).changeRoot({ paramsVersion: 2 })
    now += 61_000
    // Proxies of the old params are too old for the new state: no secret for them.
    await expect(cocoon.chat.completions.create(ask, { timeoutMs: 3000 })).rejects.toMatchObject({ charged: 'no' })
    expect(devnet.stats().authorizations).toBe(1)
    expect(events.find((event) => event.type === 'draining')).toMatchObject({
      reason: 'params-changed',
      paramsVersionBefore: 1,
      paramsVersion: 2
    })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toContain('devnet')
  })
})

describe('receipts', () => {
  it('one for each request, whole and streamed, that an audit confirms', async () => {
    const devnet = await start()
    const book = await ledger()
    const cocoon = client(devnet, { payments: { ledger: book, exclusive: true, overcharge: 'stop' } })
    const whole = await cocoon.chat.completions.create(ask).withResponse()
    const streamed = await cocoon.chat.completions
      .create({ ...ask, stream: true, stream_options: { include_usage: true } })
      .withResponse()
    for await (const _chunk of streamed.data);
    for (const { requestId } of [whole, streamed]) {
      const receipt = await cocoon.receipt(requestId)
      expect(receipt).toMatchObject({ requestId, model: 'devnet/echo', outcome: 'complete', findings: [] })
      expect(receipt.amountNano).toBeGreaterThan(0n)
      expect(receipt.chargedTokens).toBeLessThanOrEqual(receipt.recomputed?.total ?? 0n)
      expect(receipt.totalAfter).toBe((receipt.totalBefore ?? 0n) + (receipt.chargedTokens ?? 0n))
      expect(receipt.attestationId).toMatch(/^[0-9a-f]{64}$/)
      expect(auditReceipt(receipt)).toEqual({ findings: [], altered: false })
    }
    expect(await cocoon.receipts()).toHaveLength(2)
    expect(book.receipts()).toHaveLength(2)
  })

  it('a proxy that signs more than was used is found out; policy stop ends spending', async () => {
    const devnet = await start({ chain: { cheats: ['overcharge'] }, databaseFlushMs: 1, stateCommitMs: 50 })
    const found: string[] = []
    const cocoon = client(devnet, {
      payments: {
        ledger: await ledger(),
        overcharge: 'stop',
        onOvercharge: (error) => found.push(...error.findings.map(({ id }) => id))
      }
    })
    await expect(
      (async () => {
        for (let count = 0; count < 20; count++) {
          const { requestId } = await cocoon.chat.completions.create(ask).withResponse()
          await cocoon.receipt(requestId)
          devnet.commit()
        }
      })()
    ).rejects.toMatchObject({ code: 'ERR_OVERCHARGE' })
    expect(found).toContain('signed-above-total')
  })

  it('works without a root contract when prices are given', async () => {
    const devnet = await startDevnet()
    open.push(devnet)
    const cocoon = new Cocoon({ ...fromDevnet(devnet), payments: { ledger: await ledger(), prices: devnet.prices } })
    open.push(cocoon)
    const { requestId, peer } = await cocoon.chat.completions.create(ask).withResponse()
    expect(peer.contractsVerified).toBeUndefined()
    expect(await cocoon.receipt(requestId)).toMatchObject({ outcome: 'complete', findings: [] })
  })
})

describe('caps', () => {
  it('refuse before sending, and settle with what was charged', async () => {
    const devnet = await start()
    const book = await ledger()
    const { maxNano } = await client(devnet).quote(ask)
    const cap = (maxNano ?? 0n) * 2n
    const cocoon = client(devnet, { payments: { ledger: book, limits: { totalNano: cap } } })
    const { requestId } = await cocoon.chat.completions.create(ask).withResponse()
    const { amountNano } = await cocoon.receipt(requestId)
    expect(book.totals()).toMatchObject({ totalNano: amountNano, reservedNano: 0n })
    const small = client(devnet, { payments: { ledger: book, limits: { perRequestNano: 1n } } })
    const before = devnet.requests.length
    await expect(small.chat.completions.create(ask)).rejects.toMatchObject({
      code: 'ERR_LIMIT_EXCEEDED',
      field: 'perRequestNano'
    })
    expect(devnet.requests.length).toBe(before)
    const { max_tokens: _limit, ...unbounded } = ask
    await expect(cocoon.chat.completions.create(unbounded)).rejects.toMatchObject({
      code: 'ERR_LIMIT_EXCEEDED',
      field: 'max_tokens'
    })
  })
})

describe('a call that ends while its reservation is written', () => {
  it('leaves nothing set aside', async () => {
    const devnet = await startDevnet()
    open.push(devnet)
    const store = memoryLedgerStore()
    let enter: (() => void) | undefined
    const entered = new Promise<void>((resolve) => (enter = resolve))
    let letGo: (() => void) | undefined
    const held = new Promise<void>((resolve) => (letGo = resolve))
    const book = await openLedger({
      clock: systemClock,
      limits: { totalNano: 10n ** 12n },
      store: {
        ...store,
        append: async (records) => {
          if (records.some((record) => new TextDecoder().decode(record).includes('"reserve"'))) {
            enter?.()
            await held
          }
          return store.append(records)
        }
      }
    })
    const cocoon = new Cocoon({ ...fromDevnet(devnet), payments: { ledger: book, prices: devnet.prices } })
    open.push(cocoon)
    const ending = new AbortController()
    const call = cocoon.chat.completions.create(ask, { signal: ending.signal })
    await entered
    ending.abort()
    await expect(call).rejects.toMatchObject({ code: 'ERR_ABORTED', charged: 'no' })
    letGo?.()
    expect(book.openReservations()).toHaveLength(1)
    await vi.waitFor(() => expect(book.openReservations()).toEqual([]))
    expect(book.totals()).toMatchObject({ totalNano: 0n, reservedNano: 0n })
  })
})

describe('caps of the ledger itself', () => {
  it('hold for requests without payments.limits, and beside them', async () => {
    const devnet = await start()
    const { maxNano = 0n } = await client(devnet).quote(ask)
    const book = await openLedger({
      store: memoryLedgerStore(),
      clock: systemClock,
      limits: { totalNano: maxNano + maxNano / 2n }
    })
    expect(book.hasLimits).toBe(true)
    const cocoon = client(devnet, { payments: { ledger: book } })
    const first = await cocoon.chat.completions.create(ask).withResponse()
    const { amountNano } = await cocoon.receipt(first.requestId)
    expect(book.totals()).toMatchObject({ totalNano: amountNano, reservedNano: 0n })
    await book.reserve({ id: 'other', amountNano: maxNano, recipient: 'somebody', purpose: 'another use' })
    const before = devnet.requests.length
    for (const limits of [undefined, { perDayNano: maxNano * 9n }]) {
      const capped = client(devnet, { payments: { ledger: book, limits } })
      await expect(capped.chat.completions.create(ask)).rejects.toMatchObject({
        code: 'ERR_LIMIT_EXCEEDED',
        field: 'totalNano',
        charged: 'no'
      })
    }
    expect(devnet.requests.length).toBe(before)
    const { max_tokens: _limit, ...unbounded } = ask
    await expect(cocoon.chat.completions.create(unbounded)).rejects.toMatchObject({ field: 'max_tokens' })
  })

  it('without any cap nothing is set aside, and nothing is refused', async () => {
    const devnet = await start()
    const book = await ledger()
    expect(book.hasLimits).toBe(false)
    const cocoon = client(devnet, { payments: { ledger: book } })
    const { max_tokens: _limit, ...unbounded } = ask
    const { requestId } = await cocoon.chat.completions.create(unbounded).withResponse()
    expect((await cocoon.receipt(requestId)).amountNano).toBeGreaterThan(0n)
    expect(book.totals().totalNano).toBe(0n)
  })

  it('assumedCompletionTokens bounds a request without max_tokens, and nothing else', async () => {
    const devnet = await start()
    const book = await ledger()
    const { max_tokens: _limit, ...unbounded } = ask
    const reserve = vi.spyOn(book, 'reserve')
    const limits = { totalNano: 10n ** 9n }
    const cocoon = client(devnet, { payments: { ledger: book, limits, assumedCompletionTokens: 1000 } })
    for (const body of [unbounded, { ...ask, max_tokens: 1000 }, ask]) await cocoon.chat.completions.create(body)
    const [assumed = 0n, same = 0n, named = 0n] = reserve.mock.calls.map(([{ amountNano }]) => amountNano)
    // The body with the field is a few bytes longer, and the bound counts bytes of the prompt only.
    expect(assumed).toBe(same)
    expect(named).toBeLessThan(assumed)
    const tight = client(devnet, {
      payments: { ledger: book, limits: { perRequestNano: assumed - 1n }, assumedCompletionTokens: 1000 }
    })
    await expect(tight.chat.completions.create(unbounded)).rejects.toMatchObject({ field: 'perRequestNano' })
    await tight.chat.completions.create(ask)
  })
})

describe('quote and plan', () => {
  it('predicts the refusal that the proxy gives', async () => {
    const devnet = await start({ account: { balanceNano: 20_000n, stakeNano: 15_000_000_000n } })
    const cocoon = client(devnet)
    const quote = await cocoon.quote({ ...ask, max_tokens: 5000 })
    expect(quote.refusal?.kind).toBe('balance-below-max-tokens')
    await expect(cocoon.chat.completions.create({ ...ask, max_tokens: 5000 })).rejects.toMatchObject({ peerCode: 602 })
    expect((await cocoon.quote({ ...ask, model: 'nobody/knows' })).refusal?.kind).toBe('unknown-model')
  })

  it('has no most without max_tokens, and says why', async () => {
    const cocoon = client(await start())
    const { max_tokens: _limit, ...unbounded } = ask
    expect(await cocoon.quote(unbounded)).toMatchObject({
      maxNano: undefined,
      unboundedBy: expect.stringContaining('max_tokens')
    })
  })

  it('plans a load', async () => {
    const cocoon = client(await start())
    const plan = await cocoon.plan({
      model: 'devnet/echo',
      requestsPerDay: 100_000,
      promptTokens: 1000,
      completionTokens: 200
    })
    expect(plan.lowestNanoPerDay).toBe(100_000n * (1000n + 8n * 200n) * 20n)
    expect(plan.stakePerProxyNano).toBeGreaterThan(0n)
    expect(plan.assumptions.length).toBeGreaterThan(3)
  })
})
