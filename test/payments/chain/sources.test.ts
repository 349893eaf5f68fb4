/** Adapters against recorded answer shapes, the HTTP client's limits, and agreement of sources. */
import { Address, beginCell, Cell, storeTransaction, type Transaction } from '@ton/core'
import { Blockchain } from '@ton/sandbox'
import { describe, expect, it } from 'vitest'
import { HttpClient } from '../../../src/payments/chain/http-client.js'
import {
  quorum,
  tonapi,
  tonApiV4,
  toncenterV2,
  toncenterV3,
  type AccountState,
  type ChainReader,
  type ChainSource
} from '../../../src/payments/chain/index.js'
import { FakeClock } from '../../support/fake-clock.js'

const ADDRESS = 'EQCns7bYSp0igFvS1wpb5wsZjCKCV19MD5AVzI4EyxsnU73k'
const RAW = Address.parse(ADDRESS).toRawString()
const code = beginCell().storeUint(1, 8).endCell()
const data = beginCell().storeUint(2, 8).endCell()
const hashBytes = Buffer.alloc(32, 0xab)
const HASH = hashBytes.toString('hex')
const b64 = (cell: Cell): string => cell.toBoc().toString('base64')
const hex = (cell: Cell): string => cell.toBoc().toString('hex')
const bocOf = (cell: Cell): Uint8Array => new Uint8Array(cell.toBoc({ idx: false, crc32: false }))

/** A genuine transaction of the TVM sandbox: a transfer to an account without code. */
async function someTransaction(): Promise<Transaction> {
  const chain = await Blockchain.create()
  const sender = await chain.treasury('sender')
  const { transactions } = await sender.send({
    to: Address.parse(ADDRESS),
    value: 5_000_000n,
    bounce: false,
    body: beginCell().storeUint(0x2565934c, 32).storeUint(7, 64).endCell()
  })
  const found = transactions.find((transaction) => transaction.inMessage?.info.dest?.toString() === ADDRESS)
  if (found === undefined) throw new Error('no transaction')
  return found
}
const transaction = await someTransaction()
const transactionCell = beginCell().store(storeTransaction(transaction)).endCell()

type Handler = (url: URL, body: unknown, init: RequestInit) => unknown
const requests: { url: string; headers: Record<string, string>; body: unknown }[] = []

function fakeFetch(handler: Handler): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : String(input))
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
    requests.push({ url: url.toString(), headers: Object.fromEntries(new Headers(init.headers).entries()), body })
    const answer = handler(url, body, init)
    return answer instanceof Response ? answer : Response.json(answer)
  }
}

const clock = new FakeClock()
const options = (
  handler: Handler,
  more: object = {}
): { fetch: typeof fetch; clock: FakeClock; requestsPerSecond: number } => ({
  fetch: fakeFetch(handler),
  clock,
  requestsPerSecond: 0,
  ...more
})

const v2Block = {
  '@type': 'ton.blockIdExt',
  workchain: -1,
  shard: '-9223372036854775808',
  seqno: 9,
  root_hash: hashBytes.toString('base64'),
  file_hash: hashBytes.toString('base64')
}
const v2: Handler = (_url, body) => {
  const { method, params } = body as { method: string; params: Record<string, unknown> }
  const ok = (result: unknown): unknown => ({ ok: true, result, '@extra': '1' })
  if (method === 'getAddressInformation') {
    return ok({
      '@type': 'raw.fullAccountState',
      balance: '123',
      code: b64(code),
      data: b64(data),
      last_transaction_id: { '@type': 'internal.transactionId', lt: '77', hash: hashBytes.toString('base64') },
      block_id: v2Block,
      frozen_hash: '',
      sync_utime: 1,
      state: 'active'
    })
  }
  if (method === 'getTransactions') {
    return ok(
      Array.from({ length: params['lt'] === undefined ? 1 : 2 }, () => ({
        '@type': 'raw.transaction',
        utime: 1,
        data: b64(transactionCell),
        transaction_id: { lt: '1', hash: '' },
        fee: '0',
        storage_fee: '0',
        other_fee: '0',
        out_msgs: []
      }))
    )
  }
  if (method === 'getMasterchainInfo') return ok({ last: v2Block, state_root_hash: '', init: v2Block })
  if (method === 'lookupBlock') return ok(v2Block)
  if (method === 'sendBoc') return ok({ '@type': 'ok' })
  return { ok: false, error: 'unknown', code: 404 }
}
const v4Block = {
  workchain: -1,
  seqno: 9,
  shard: '-9223372036854775808',
  rootHash: hashBytes.toString('base64'),
  fileHash: hashBytes.toString('base64')
}
const v4: Handler = (url) => {
  if (url.pathname.endsWith('/block/latest'))
    return { last: v4Block, init: { fileHash: '', rootHash: '' }, stateRootHash: '', now: 1 }
  if (url.pathname.endsWith('/block/9')) return { exist: true, block: { shards: [{ ...v4Block, transactions: [] }] } }
  if (url.pathname.includes('/block/9/')) {
    return {
      account: {
        state: { type: 'active', code: b64(code), data: b64(data) },
        balance: { coins: '123', currencies: {} },
        last: { lt: '77', hash: hashBytes.toString('base64') },
        storageStat: null
      },
      block: v4Block
    }
  }
  if (url.pathname.includes('/tx/')) return { blocks: [v4Block], boc: b64(transactionCell) }
  return url.pathname.endsWith('/send') ? { status: 1 } : new Response('', { status: 404 })
}
const v3: Handler = (url) => {
  if (url.pathname.endsWith('/accountStates')) {
    return {
      accounts: [
        {
          address: RAW.toUpperCase(),
          account_state_hash: '',
          balance: '123',
          status: 'active',
          code_boc: b64(code),
          data_boc: b64(data),
          last_transaction_hash: hashBytes.toString('base64'),
          last_transaction_lt: '77'
        }
      ],
      address_book: {},
      metadata: {}
    }
  }
  if (url.pathname.endsWith('/transactions')) {
    const body = transaction.inMessage?.body ?? Cell.EMPTY
    const source =
      transaction.inMessage?.info.src instanceof Address ? transaction.inMessage.info.src.toRawString() : ''
    return {
      transactions: [
        {
          account: RAW,
          hash: transaction.hash().toString('base64'),
          lt: transaction.lt.toString(),
          now: transaction.now,
          description: { type: 'ord', aborted: true, compute_ph: { skipped: true, reason: 'no_state' } },
          in_msg: {
            source,
            destination: RAW,
            value: '5000000',
            bounced: false,
            created_lt: '1',
            message_content: { hash: '', body: b64(body) }
          },
          out_msgs: []
        }
      ]
    }
  }
  const block = {
    workchain: -1,
    shard: '8000000000000000',
    seqno: 9,
    root_hash: hashBytes.toString('base64'),
    file_hash: hashBytes.toString('base64')
  }
  if (url.pathname.endsWith('/masterchainInfo')) return { last: block, first: block }
  if (url.pathname.endsWith('/blocks')) return { blocks: [block] }
  return url.pathname.endsWith('/message') ? { message_hash: '' } : new Response('', { status: 404 })
}
const v2Tonapi: Handler = (url) => {
  const block = { workchain_id: -1, shard: '8000000000000000', seqno: 9, root_hash: HASH, file_hash: HASH }
  if (url.pathname.endsWith('/transactions'))
    return { transactions: [{ hash: transaction.hash().toString('hex'), lt: 1, raw: hex(transactionCell) }] }
  if (url.pathname.endsWith(`/accounts/${RAW}`))
    return {
      address: RAW,
      balance: 123,
      status: 'active',
      code: hex(code),
      data: hex(data),
      last_transaction_lt: 77,
      last_transaction_hash: HASH
    }
  if (url.pathname.endsWith('/masterchain-head') || url.pathname.includes('/blocks/')) return block
  if (url.pathname.includes('/liteserver/get_account_state/')) return { shard_proof: 'aa', proof: 'bb', state: '' }
  return url.pathname.endsWith('/message')
    ? new Response('')
    : new Response('{"error":"entity not found"}', { status: 404 })
}

const sources: readonly (readonly [string, (more?: object) => ChainSource, Handler])[] = [
  ['toncenter-v2', (more) => toncenterV2(options(v2, more)), v2],
  ['ton-api-v4', (more) => tonApiV4(options(v4, more)), v4],
  ['toncenter-v3', (more) => toncenterV3(options(v3, more)), v3],
  ['tonapi', (more) => tonapi(options(v2Tonapi, more)), v2Tonapi]
]

describe.each(sources)('%s', (name, open, honest) => {
  it('reads an account', async () => {
    expect(await open().getAccount(ADDRESS)).toEqual({
      address: ADDRESS,
      status: 'active',
      balanceNano: 123n,
      code: bocOf(code),
      data: bocOf(data),
      lastTransaction: { lt: 77n, hash: HASH },
      asOfMs: clock.now(),
      trust: [expect.stringContaining(name)]
    })
  })

  it('reads transactions with their messages', async () => {
    const [found] = await open().getTransactions(ADDRESS, { limit: 10 })
    expect(found).toMatchObject({
      lt: transaction.lt,
      hash: transaction.hash().toString('hex'),
      exitCode: null,
      aborted: true,
      inMessage: { valueNano: 5_000_000n, destination: ADDRESS, bounced: false }
    })
    expect(Buffer.from(found?.inMessage?.body ?? []).toString('hex')).toBe(
      Buffer.from(bocOf(transaction.inMessage?.body ?? Cell.EMPTY)).toString('hex')
    )
    expect(
      (await open().getTransactions(ADDRESS, { limit: 10, before: { lt: 99n, hash: HASH } })).length
    ).toBeLessThanOrEqual(1)
  })

  it('reads blocks of the masterchain and sends', async () => {
    expect(await open().getMasterchainBlock('latest')).toEqual({ seqno: 9, rootHash: HASH, fileHash: HASH })
    expect(await open().getMasterchainBlock(9)).toEqual({ seqno: 9, rootHash: HASH, fileHash: HASH })
    await open().send(bocOf(data))
    expect(JSON.stringify(requests.at(-1)?.body)).toMatch(
      new RegExp(
        Buffer.from(bocOf(data))
          .toString(name === 'tonapi' ? 'hex' : 'base64')
          .replace(/\+/g, '\\+')
          .replace(/=+$/, '')
      )
    )
  })

  it('passes the key on', async () => {
    await open({ apiKey: 'k1' }).getMasterchainBlock('latest')
    const { headers } = requests.at(-1) ?? { headers: {} as Record<string, string> }
    if (name !== 'ton-api-v4') expect(headers['x-api-key'] ?? headers['authorization']).toMatch(/k1$/)
  })

  it('gives typed errors for lies and refusals', async () => {
    const code4 = async (handler: Handler): Promise<unknown> => {
      const fresh: Record<string, (o: object) => ChainSource> = {
        'toncenter-v2': toncenterV2 as never,
        'ton-api-v4': tonApiV4 as never,
        'toncenter-v3': toncenterV3 as never,
        tonapi: tonapi as never
      }
      return fresh[name]?.({ ...options(handler), maxAttempts: 1 })
        .getAccount(ADDRESS)
        .then(
          (state) => state.status,
          (error: { code?: string }) => error.code
        )
    }
    expect(await code4(() => new Response('<html>', { status: 200 }))).toBe('ERR_CHAIN_RESPONSE')
    expect(await code4(() => ({}))).toMatch(/ERR_CHAIN_RESPONSE|absent/)
    expect(await code4(() => new Response('busy', { status: 503 }))).toBe('ERR_CHAIN_UNAVAILABLE')
    expect(await code4(() => new Response('no', { status: 403 }))).toBe('ERR_CHAIN_RESPONSE')
    // Code that is no bag of cells.
    const lie: Handler = (url, body, init) =>
      JSON.parse(
        JSON.stringify(honest(url, body, init))
          .replaceAll(b64(code), 'AAAA')
          .replaceAll(hex(code), '0000')
      ) as unknown
    expect(await code4(lie)).toBe('ERR_CHAIN_RESPONSE')
  })
})

describe('absent accounts', () => {
  it('are recognised by each API in its own way', async () => {
    const missing = [
      toncenterV2(
        options(() => ({
          ok: true,
          result: {
            balance: -1,
            code: '',
            data: '',
            last_transaction_id: { '@type': 'internal.transactionId', lt: '0', hash: '' },
            block_id: v2Block,
            sync_utime: 1,
            state: 'uninitialized'
          }
        }))
      ),
      toncenterV3(options(() => ({ accounts: [] }))),
      tonapi(options(() => new Response('{}', { status: 404 })))
    ]
    for (const source of missing)
      expect(await source.getAccount(ADDRESS)).toMatchObject({ status: 'absent', balanceNano: 0n, code: null })
  })

  it('an answer about another account is refused', async () => {
    const other = Address.parseRaw(`0:${'01'.repeat(32)}`).toRawString()
    await expect(
      toncenterV3(options(() => ({ accounts: [{ address: other }] }))).getAccount(ADDRESS)
    ).rejects.toMatchObject({ code: 'ERR_CHAIN_RESPONSE' })
    await expect(tonapi(options(() => ({ address: other }))).getAccount(ADDRESS)).rejects.toMatchObject({
      code: 'ERR_CHAIN_RESPONSE'
    })
  })

  it('tonapi hands proofs on for exactly the block that was asked for', async () => {
    const proof = await tonapi(options(v2Tonapi)).getAccountProof(ADDRESS, { seqno: 9, rootHash: HASH, fileHash: HASH })
    expect(proof).toEqual({
      shardProof: new Uint8Array([0xaa]),
      proof: new Uint8Array([0xbb]),
      state: new Uint8Array()
    })
    expect(decodeURIComponent(requests.at(-1)?.url ?? '')).toContain(
      `target_block=(-1,8000000000000000,9,${HASH},${HASH})`
    )
  })
})

describe('HttpClient', () => {
  it('sends one request per second without a key', async () => {
    const time = new FakeClock()
    const starts: number[] = []
    const client = new HttpClient('x', {
      clock: time,
      fetch: async () => (starts.push(time.monotonic()), Response.json({}))
    })
    const all = Promise.all([1, 2, 3].map(() => client.json({ method: 'GET', url: 'http://localhost/' })))
    for (let step = 0; step < 30; step++) await time.advance(100)
    await all
    expect(starts).toEqual([0, 1000, 2000])
  })

  it('repeats what a repeat can cure, with growing waits, and honours Retry-After', async () => {
    const time = new FakeClock()
    const starts: number[] = []
    const statuses = [503, 429, 200]
    const client = new HttpClient('x', {
      clock: time,
      requestsPerSecond: 0,
      fetch: async () => (
        starts.push(time.monotonic()),
        new Response('{}', { status: statuses[starts.length - 1] ?? 200, headers: { 'retry-after': '2' } })
      )
    })
    const answer = client.json({ method: 'GET', url: 'http://localhost/' })
    for (let step = 0; step < 100; step++) await time.advance(100)
    expect(await answer).toEqual({})
    expect(starts).toEqual([0, 2000, 4000])
  })

  it('gives up on a silent server, and stops at once when aborted', async () => {
    const time = new FakeClock()
    const silent: typeof fetch = () => new Promise(() => undefined)
    const client = new HttpClient('x', {
      clock: time,
      requestsPerSecond: 0,
      timeoutMs: 1000,
      maxAttempts: 1,
      fetch: silent
    })
    const answer = client.text({ method: 'GET', url: 'http://localhost/' })
    const failed = expect(answer).rejects.toMatchObject({ code: 'ERR_CHAIN_UNAVAILABLE', retryable: true })
    await time.advance(1001)
    await failed
    const controller = new AbortController()
    const aborted = expect(
      client.text({ method: 'GET', url: 'http://localhost/', signal: controller.signal })
    ).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await time.advance(1)
    controller.abort()
    await aborted
    expect(time.pendingTimers).toBe(0)
  })

  it('refuses an answer above its limit without reading it to the end', async () => {
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => (pulled++, controller.enqueue(new Uint8Array(1000)))
    })
    const client = new HttpClient('x', {
      clock: new FakeClock(),
      maxResponseBytes: 5000,
      fetch: async () => new Response(endless)
    })
    await expect(client.text({ method: 'GET', url: 'http://localhost/' })).rejects.toMatchObject({
      code: 'ERR_CHAIN_RESPONSE'
    })
    expect(pulled).toBeLessThan(20)
  })
})

describe('quorum', () => {
  const state: AccountState = {
    address: ADDRESS,
    status: 'active',
    balanceNano: 100n,
    code: bocOf(code),
    data: bocOf(data),
    lastTransaction: null,
    asOfMs: 1,
    trust: []
  }
  const reader = (name: string, change: Partial<ChainReader> = {}): ChainReader => ({
    name,
    getAccount: async () => state,
    getTransactions: async () => [],
    getMasterchainBlock: async (seqno) => ({ seqno: seqno === 'latest' ? 100 : seqno, rootHash: HASH, fileHash: HASH }),
    ...change
  })
  const failing = reader('down', {
    getAccount: () => Promise.reject(new Error('down')),
    getMasterchainBlock: () => Promise.reject(new Error('down')),
    getTransactions: () => Promise.reject(new Error('down'))
  })
  const liar = reader('liar', {
    getAccount: async () => ({ ...state, data: bocOf(code) }),
    getMasterchainBlock: async (seqno) => ({
      seqno: seqno === 'latest' ? 9999 : seqno,
      rootHash: 'ff'.repeat(32),
      fileHash: HASH
    })
  })

  it('takes what two of three say and names them', async () => {
    const agreed = await quorum(
      [reader('a'), liar, reader('c', { getAccount: async () => ({ ...state, balanceNano: 90n }) })],
      2
    ).getAccount(ADDRESS)
    expect(agreed).toMatchObject({
      data: bocOf(data),
      balanceNano: 90n,
      trust: ['account state agreed by 2 of 3 sources: a, c']
    })
  })

  it('refuses when too few agree', async () => {
    for (const readers of [
      [reader('a'), liar, failing],
      [failing, failing === liar ? liar : reader('b'), liar]
    ]) {
      await expect(quorum(readers, 2).getAccount(ADDRESS)).rejects.toMatchObject({
        code: 'ERR_CHAIN_QUORUM',
        retryable: true
      })
    }
  })

  it('finds a common block that no single source can push up or hold back', async () => {
    const known = (limit: number): Partial<ChainReader> => ({
      getMasterchainBlock: async (seqno) => {
        const number = seqno === 'latest' ? limit : seqno
        if (number > limit) throw new Error('unknown block')
        return { seqno: number, rootHash: HASH, fileHash: HASH }
      }
    })
    expect(
      await quorum([reader('a', known(100)), reader('b', known(98)), liar], 2).getMasterchainBlock('latest')
    ).toMatchObject({ seqno: 98 })
    expect(
      await quorum(
        [reader('a', known(100)), reader('b', known(100)), reader('stale', known(1))],
        2
      ).getMasterchainBlock('latest')
    ).toMatchObject({ seqno: 100 })
  })

  it('lists only transactions that enough sources list alike', async () => {
    const source = tonapi(options(v2Tonapi))
    const listing = await source.getTransactions(ADDRESS, { limit: 1 })
    const forged = listing.map((item) => ({ ...item, exitCode: 0, aborted: false }))
    const both = quorum(
      [
        reader('a', { getTransactions: async () => listing }),
        reader('b', { getTransactions: async () => listing }),
        reader('c', { getTransactions: async () => [...forged, ...forged] })
      ],
      2
    )
    expect(await both.getTransactions(ADDRESS, { limit: 5 })).toEqual(listing)
    const split = quorum(
      [
        reader('a', { getTransactions: async () => listing }),
        reader('b', { getTransactions: async () => forged }),
        failing
      ],
      2
    )
    expect(await split.getTransactions(ADDRESS, { limit: 5 })).toEqual([])
  })

  it('wants a majority of distinct sources', () => {
    const a = reader('a')
    expect(() => quorum([a, a], 2)).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS', field: 'readers' }))
    for (const needed of [0, 1, 4, 1.5])
      expect(() => quorum([a, reader('b'), reader('c')], needed)).toThrow(expect.objectContaining({ field: 'needed' }))
  })
})
