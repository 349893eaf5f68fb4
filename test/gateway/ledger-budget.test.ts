import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bearerTokens, type GatewayOptions, type GatewayReceipt, ledgerBudget } from '../../src/gateway/index.js'
import { type Ledger, memoryLedgerStore, openLedger } from '../../src/payments/channel/index.js'
import { openFileLedgerStore } from '../../src/runtime/node/ledger-file-store.js'
import { systemClock } from '../../src/runtime/shared/index.js'
import { CHAT, WHOLE } from '../client/openai/fake-transport.js'
import { errorOf, gatewayOver, post, settled, type TestGateway } from './support.js'

const TOKENS = { 'token-of-alice-0001': { user: 'alice' }, 'token-of-bob-000001': { user: 'bob' } }
const alice = { authorization: 'Bearer token-of-alice-0001' }
const bob = { authorization: 'Bearer token-of-bob-000001' }
/** What the scripted network charges for one request. */
const COST = 840n

let directory = ''
const ledgers: Ledger[] = []
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cocoonkit-gateway-'))
})
afterEach(async () => {
  for (const ledger of ledgers.splice(0)) await ledger.close()
  await rm(directory, { recursive: true, force: true })
})

/** A ledger as a process of its own would open it on the one file. */
async function openOwn(): Promise<Ledger> {
  const store = await openFileLedgerStore({ path: join(directory, 'gateway.ledger') })
  const ledger = await openLedger({ store, clock: systemClock })
  ledgers.push(ledger)
  return ledger
}

interface Caps {
  readonly perUserNano?: bigint
  readonly totalNano?: bigint
}

function gatewayWith(ledger: Ledger, caps: Caps, options: Partial<GatewayOptions> = {}): TestGateway {
  return gatewayOver(
    { parts: [WHOLE] },
    {
      authorize: bearerTokens({ tokens: TOKENS }),
      budget: ledgerBudget({ ledger, ...caps }),
      estimateNano: () => 1000n,
      limits: { maxConcurrentPerUser: 1000 },
      ...options
    }
  )
}

async function ask({ gateway }: TestGateway, headers: Record<string, string>): Promise<number> {
  const response = await gateway(post(CHAT, headers))
  await response.text()
  return response.status
}

async function waitForSettled(ledger: Ledger): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    await ledger.refresh()
    if (ledger.openReservations().length === 0) return
    await settled()
  }
  throw new Error('reservations stay open')
}

async function list(receipts: AsyncIterable<GatewayReceipt>): Promise<GatewayReceipt[]> {
  const all: GatewayReceipt[] = []
  for await (const receipt of receipts) all.push(receipt)
  return all
}

describe('ledgerBudget', () => {
  test('reserves the estimate, settles what the receipt says, and keeps the receipt', async () => {
    const ledger = await openOwn()
    const test = gatewayWith(ledger, { perUserNano: 5000n })
    expect(await ask(test, alice)).toBe(200)
    await waitForSettled(ledger)
    expect(ledger.totals()).toMatchObject({ totalNano: COST, reservedNano: 0n })
    const [receipt, ...more] = await list(ledgerBudget({ ledger }).receipts('alice'))
    expect(more).toEqual([])
    expect(receipt).toEqual(test.receipts[0])
    expect(receipt).toMatchObject({ user: 'alice', spentNano: COST, tokensUsed: { total: expect.any(BigInt) } })
    expect(await list(ledgerBudget({ ledger }).receipts('bob'))).toEqual([])
  })

  test('two gateways on one file never let a user exceed the cap, whoever asks where', async () => {
    const [first, second] = [await openOwn(), await openOwn()]
    const caps = { perUserNano: 10_000n, totalNano: 15_000n }
    const gateways = [gatewayWith(first, caps), gatewayWith(second, caps)]
    const statuses: number[] = []
    const paid = { alice: 0n, bob: 0n }
    for (let round = 0; round < 3; round++) {
      // All at once: each decision has to see the reservations of the other process.
      statuses.push(
        ...(await Promise.all(
          Array.from({ length: 24 }, (_, index) => ask(gateways[index % 2]!, index % 3 === 0 ? bob : alice))
        ))
      )
      await waitForSettled(first)
    }
    for (const { receipts } of gateways)
      for (const { user, spentNano } of receipts) paid[user as 'alice' | 'bob'] += spentNano
    expect(paid.alice).toBeLessThanOrEqual(10_000n)
    expect(paid.bob).toBeLessThanOrEqual(10_000n)
    expect(paid.alice + paid.bob).toBeLessThanOrEqual(15_000n)
    // Nothing is left in which a whole estimate would fit.
    expect(paid.alice + paid.bob).toBeGreaterThan(14_000n - COST)
    expect(new Set(statuses)).toEqual(new Set([200, 402]))
    expect(first.totals().totalNano).toBe(paid.alice + paid.bob)
    const stored = await list(ledgerBudget({ ledger: second }).receipts())
    expect(stored).toHaveLength(statuses.filter((status) => status === 200).length)
  })

  test('a gateway that dies in a request leaves its reservation, for every other gateway too', async () => {
    const dying = await openOwn()
    const caps = { perUserNano: 1999n }
    const { gateway } = gatewayOver(
      { parts: neverEnding() },
      {
        authorize: bearerTokens({ tokens: TOKENS }),
        budget: ledgerBudget({ ledger: dying, ...caps }),
        estimateNano: () => 1000n
      }
    )
    const reader = (await gateway(post({ ...CHAT, stream: true }, alice))).body!.getReader()
    await reader.read()
    // Here the process ends: nothing of it is ever heard again.
    const after = await openOwn()
    const test = gatewayWith(after, caps)
    const response = await test.gateway(post(CHAT, alice))
    expect(response.status).toBe(402)
    expect(await errorOf(response)).toMatchObject({ code: 'ERR_LIMIT_EXCEEDED' })
    expect(await ask(test, bob)).toBe(200)
    await settled()
    const [left] = after.openReservations().filter(({ recipient }) => recipient === 'user:alice')
    expect(left).toMatchObject({ amountNano: 1000n })
    // The operator knows that nothing was spent.
    await after.release(left!.id)
    expect(await ask(test, alice)).toBe(200)
    await reader.cancel()
  })

  test('what was refused or cost nothing gives its reservation back', async () => {
    const ledger = await openLedger({ store: memoryLedgerStore(), clock: systemClock })
    const { CocoonError } = await import('../../src/errors.js')
    const test = gatewayOver(
      { error: new CocoonError('ERR_NO_PROXY', 'none', { phase: 'dial', charged: 'no' }) },
      {
        authorize: bearerTokens({ tokens: TOKENS }),
        budget: ledgerBudget({ ledger, perUserNano: 1000n }),
        estimateNano: () => 1000n
      }
    )
    for (let round = 0; round < 3; round++) {
      expect(await ask(test, alice)).not.toBe(402)
      await waitForSettled(ledger)
    }
    expect(ledger.totals().totalNano).toBe(0n)
    expect((await list(ledgerBudget({ ledger }).receipts('alice'))).map(({ spentSource }) => spentSource)).toEqual([
      'nothing',
      'nothing',
      'nothing'
    ])
  })

  test('a user’s own quota holds where it is the smaller', async () => {
    const ledger = await openLedger({ store: memoryLedgerStore(), clock: systemClock })
    const test = gatewayWith(ledger, { perUserNano: 100_000n }, { authorize: () => ({ id: 'eve', quotaNano: 1500n }) })
    expect(await ask(test, {})).toBe(200)
    await waitForSettled(ledger)
    expect(await ask(test, {})).toBe(402)
  })

  test('a caller’s request id names no reservation', async () => {
    const ledger = await openLedger({ store: memoryLedgerStore(), clock: systemClock })
    const test = gatewayWith(ledger, {})
    const headers = { ...alice, 'x-request-id': 'always-the-same' }
    expect(await Promise.all([ask(test, headers), ask(test, headers), ask(test, headers)])).toEqual([200, 200, 200])
  })

  test('a ledger that fails is 503, and nothing leaves', async () => {
    const ledger = await openLedger({ store: memoryLedgerStore(), clock: systemClock })
    const test = gatewayWith(ledger, {})
    await ledger.close()
    const response = await test.gateway(post(CHAT, alice))
    expect(response.status).toBe(503)
    expect(await errorOf(response)).toMatchObject({ code: 'ERR_LEDGER', retryable: true })
    expect(test.transport.requests).toEqual([])
  })

  test.each([{ perUserNano: -1n }, { totalNano: 5 as unknown as bigint }])(
    'refuses caps that are none: %o',
    async (caps) => {
      const ledger = await openLedger({ store: memoryLedgerStore(), clock: systemClock })
      expect(() => ledgerBudget({ ledger, ...caps })).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS' }))
    }
  )

  test('without a price the caps would mean nothing, so the gateway does not start', async () => {
    const ledger = await openLedger({ store: memoryLedgerStore(), clock: systemClock })
    expect(() => gatewayWith(ledger, {}, { estimateNano: undefined })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS' })
    )
    expect(() => gatewayWith(ledger, {}, { estimateNano: undefined, pricePerTokenNano: 20n })).not.toThrow()
  })
})

async function* neverEnding(): AsyncGenerator<string> {
  yield 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
  await new Promise(() => {})
}
