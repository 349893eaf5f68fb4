/**
 * toncenter v3 and tonapi over HTTP, through the real `fetch`, with msw in place of the network. Shapes are those of the
 * servers' own descriptions: toncenter/ton-indexer `ton-index-go/docs/swagger.yaml` @010a1116 and tonkeeper/opentonapi
 * `api/openapi.yml` (`BlockchainRawAccount`, `Transaction`, `/v2/liteserver/get_account_state`).
 */
import { setImmediate as turn } from 'node:timers/promises'
import { Address, beginCell } from '@ton/core'
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { tonapi, toncenterV3, type ChainSource } from '../../../src/payments/chain/index.js'
import { FakeClock } from '../../support/fake-clock.js'

const ADDRESS = 'EQCns7bYSp0igFvS1wpb5wsZjCKCV19MD5AVzI4EyxsnU73k'
const RAW = Address.parse(ADDRESS).toRawString()
const CODE = beginCell().storeUint(1, 8).endCell().toBoc()
const HASH = Buffer.alloc(32, 0xab)
const BASE = 'https://chain.example'

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

/** AccountStatesResponse of toncenter v3. */
const v3Account = {
  accounts: [
    {
      address: RAW.toUpperCase(),
      account_state_hash: HASH.toString('base64'),
      balance: '1500000000',
      extra_currencies: {},
      status: 'active',
      last_transaction_hash: HASH.toString('base64'),
      last_transaction_lt: '58294010000003',
      data_hash: HASH.toString('base64'),
      code_hash: HASH.toString('base64'),
      data_boc: CODE.toString('base64'),
      code_boc: CODE.toString('base64'),
      contract_methods: []
    }
  ],
  address_book: { [RAW.toUpperCase()]: { user_friendly: ADDRESS, domain: null } },
  metadata: {}
}

/** BlockchainRawAccount of tonapi: numbers are numbers, bags of cells are hex. */
const tonapiAccount = {
  address: RAW,
  balance: 1_500_000_000,
  extra_balance: [],
  code: CODE.toString('hex'),
  data: CODE.toString('hex'),
  last_transaction_lt: 58_294_010_000_003,
  last_transaction_hash: HASH.toString('hex'),
  status: 'active',
  storage: { used_cells: 1, used_bits: 8, used_public_cells: 0, last_paid: 1, due_payment: 0 }
}

interface Api {
  readonly name: string
  readonly accountUrl: string
  readonly account: object
  open(clock: FakeClock, options?: object): ChainSource
}
const apis: readonly Api[] = [
  {
    name: 'toncenter v3',
    accountUrl: `${BASE}/accountStates`,
    account: v3Account,
    open: (clock, options) => toncenterV3({ endpoint: BASE, clock, requestsPerSecond: 0, ...options })
  },
  {
    name: 'tonapi',
    accountUrl: `${BASE}/v2/blockchain/accounts/${RAW}`,
    account: tonapiAccount,
    open: (clock, options) => tonapi({ endpoint: BASE, clock, requestsPerSecond: 0, ...options })
  }
]

/** Lets time pass until `work` ends; a turn of the event loop for each step, since HTTP is real. */
async function passing<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  const state = { isOver: false }
  const over = (): void => void (state.isOver = true)
  work.then(over, over)
  while (!state.isOver) {
    await turn()
    await clock.advance(50)
  }
  return work
}
const code = (error: unknown): unknown => (error as { code?: string }).code

describe.each(apis)('$name', ({ accountUrl, account, open }) => {
  it('reads an account as the description has it', async () => {
    server.use(http.get(accountUrl, () => HttpResponse.json(account)))
    expect(await open(new FakeClock()).getAccount(ADDRESS)).toMatchObject({
      address: ADDRESS,
      status: 'active',
      balanceNano: 1_500_000_000n,
      lastTransaction: { lt: 58_294_010_000_003n, hash: HASH.toString('hex') }
    })
  })

  const text = JSON.stringify(account)
  const html = '<!doctype html><title>502</title>'
  const hostile: readonly (readonly [string, () => Response, string])[] = [
    ['a page under status 200', () => HttpResponse.html(html), 'ERR_CHAIN_RESPONSE'],
    ['JSON that ends too early', () => new HttpResponse(text.slice(0, -20)), 'ERR_CHAIN_RESPONSE'],
    ['bytes that are not UTF-8', () => new HttpResponse(new Uint8Array([0x22, 0xff, 0x22])), 'ERR_CHAIN_RESPONSE'],
    ['no body', () => new HttpResponse(null), 'ERR_CHAIN_RESPONSE'],
    ['an empty object', () => HttpResponse.json({}), 'ERR_CHAIN_RESPONSE'],
    ['an error under status 200', () => HttpResponse.json({ error: 'busy', code: 500 }), 'ERR_CHAIN_RESPONSE'],
    ['a list', () => HttpResponse.json([account]), 'ERR_CHAIN_RESPONSE'],
    ['null', () => HttpResponse.json(null), 'ERR_CHAIN_RESPONSE'],
    ['more than its limit', () => new HttpResponse(text + ' '.repeat(100_000)), 'ERR_CHAIN_RESPONSE'],
    ['a redirect', () => HttpResponse.redirect('https://elsewhere.example/'), 'ERR_CHAIN_UNAVAILABLE'],
    ['a connection that breaks', () => HttpResponse.error(), 'ERR_CHAIN_UNAVAILABLE'],
    ['status 401', () => HttpResponse.json({ error: 'key' }, { status: 401 }), 'ERR_CHAIN_RESPONSE'],
    ['status 502 with a page', () => HttpResponse.html(html, { status: 502 }), 'ERR_CHAIN_UNAVAILABLE']
  ]
  it.each(hostile)('is answered with %s: typed, and no state', async (_what, answer, expected) => {
    server.use(http.get(accountUrl, answer))
    const clock = new FakeClock()
    const call = open(clock, { maxAttempts: 1, maxResponseBytes: 50_000 }).getAccount(ADDRESS)
    expect(await passing(clock, call).then(() => 'a state', code)).toBe(expected)
    expect(clock.pendingTimers).toBe(0)
  })

  const lies: readonly (readonly [string, (text: string) => string])[] = [
    [
      'another account',
      (said) => said.replaceAll(RAW, `0:${'01'.repeat(32)}`).replaceAll(RAW.toUpperCase(), `0:${'01'.repeat(32)}`)
    ],
    ['a negative balance', (said) => said.replace(/("balance":"?)1500000000/, '$1-5')],
    ['a balance that has lost digits', (said) => said.replace(/"balance":"?1500000000"?/, '"balance":1e300')],
    ['a status that JavaScript knows', (said) => said.replace('"active"', '"constructor"')],
    [
      'a hash of another length',
      (said) => said.replaceAll(HASH.toString('base64'), 'qqs=').replaceAll(HASH.toString('hex'), 'abab')
    ],
    [
      'code that is no bag of cells',
      (said) => said.replaceAll(CODE.toString('base64'), 'AAAA').replaceAll(CODE.toString('hex'), '0000')
    ]
  ]
  it.each(lies)('lies about %s', async (_what, lie) => {
    const said = lie(text)
    expect(said).not.toBe(text)
    server.use(http.get(accountUrl, () => new HttpResponse(said)))
    const call = open(new FakeClock(), { maxAttempts: 1 }).getAccount(ADDRESS)
    expect(await call.then(() => 'a state', code)).toBe('ERR_CHAIN_RESPONSE')
  })

  it('repeats after 429 when Retry-After says so, and not for ever', async () => {
    const clock = new FakeClock()
    const at: number[] = []
    server.use(
      http.get(accountUrl, () => {
        at.push(clock.monotonic())
        if (at.length === 3) return HttpResponse.json(account)
        return new HttpResponse(null, { status: 429, headers: { 'retry-after': '2' } })
      })
    )
    await passing(clock, open(clock).getAccount(ADDRESS))
    expect(at).toHaveLength(3)
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(2000)
    expect(at[2]! - at[1]!).toBeGreaterThanOrEqual(2000)
    // An hour is more than a caller waits: half a minute is the most.
    const later: number[] = []
    server.use(
      http.get(accountUrl, () => {
        later.push(clock.monotonic())
        return new HttpResponse(null, { status: 429, headers: { 'retry-after': '3600' } })
      })
    )
    const failed = await passing(clock, open(clock, { maxAttempts: 2 }).getAccount(ADDRESS)).then(() => '', code)
    expect(failed).toBe('ERR_CHAIN_UNAVAILABLE')
    expect(later[1]! - later[0]!).toBeLessThanOrEqual(31_000)
  })

  it('is asked once a second without a key, ten times with one', async () => {
    const gaps = async (options: object): Promise<number[]> => {
      const clock = new FakeClock()
      const at: number[] = []
      server.use(http.get(accountUrl, () => (at.push(clock.monotonic()), HttpResponse.json(account))))
      const source = open(clock, { requestsPerSecond: undefined, ...options })
      await passing(clock, Promise.all([1, 2, 3].map(() => source.getAccount(ADDRESS))))
      return [at[1]! - at[0]!, at[2]! - at[1]!]
    }
    for (const gap of await gaps({})) expect(gap).toBeGreaterThanOrEqual(950)
    for (const gap of await gaps({ apiKey: 'k' })) expect(gap).toBeLessThan(500)
  })

  it('identifies the caller in a header, never in the address', async () => {
    let seen: Request | undefined
    server.use(
      http.get(accountUrl, ({ request }) => {
        seen = request
        return HttpResponse.json(account)
      })
    )
    await open(new FakeClock(), { apiKey: 'secret-key' }).getAccount(ADDRESS)
    expect(seen?.url).not.toContain('secret-key')
    expect(`${seen?.headers.get('x-api-key')}${seen?.headers.get('authorization')}`).toContain('secret-key')
  })
})

describe('messages', () => {
  it.each([
    ['toncenter v3', apis[0]!, '/message', 'base64'],
    ['tonapi', apis[1]!, '/v2/blockchain/message', 'hex']
  ] as const)('%s takes a bag of cells', async (_name, { open }, path, encoding) => {
    let body: unknown
    server.use(
      http.post(`${BASE}${path}`, async ({ request }) => {
        body = await request.json()
        return HttpResponse.json({ message_hash: '', message_hash_norm: '' })
      })
    )
    await open(new FakeClock()).send(new Uint8Array(CODE))
    expect(body).toEqual({ boc: CODE.toString(encoding) })
    server.use(
      http.post(`${BASE}${path}`, () => HttpResponse.json({ error: 'cannot apply external message' }, { status: 406 }))
    )
    await expect(open(new FakeClock()).send(new Uint8Array(CODE))).rejects.toMatchObject({ code: 'ERR_CHAIN_RESPONSE' })
  })
})
