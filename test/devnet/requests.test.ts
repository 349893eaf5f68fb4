import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startDevnet, type Devnet, type DevnetOptions, type Upstream } from '../../src/devnet.js'
import type { TlObject } from '../../src/encoding/tl/index.js'
import { MAINNET_SAMPLE_PRICES } from '../../src/payments/pricing/index.js'
import { bodyOf, collect, openReady, runQuery, type ScriptedClient } from './scripted-client.js'

const running: Devnet[] = []

async function start(options: DevnetOptions = {}): Promise<Devnet> {
  const devnet = await startDevnet(options)
  running.push(devnet)
  return devnet
}

afterEach(async () => {
  for (const devnet of running.splice(0)) {
    await devnet.close()
    expect(devnet.liveHandles).toBe(0)
  }
})

const chat = { model: 'devnet/echo', messages: [{ role: 'user', content: 'hi' }] }

async function refusal(client: ScriptedClient, query: TlObject): Promise<TlObject | undefined> {
  client.packet(query)
  return client.nextPacket()
}

describe('refusals before dispatch', () => {
  it.each([
    ['dec-2025', 4, 'client.queryAnswerError'],
    ['apr-2026', 4, 'client.queryAnswerErrorEx'],
    ['apr-2026', 0, 'client.queryAnswerError']
  ] as const)('%s with protocol up to %s uses %s, without a payment note', async (version, max, type) => {
    const devnet = await start({ version })
    const client = await openReady(devnet, max)
    expect(await refusal(client, runQuery({ ...chat, model: 'nobody' }))).toMatchObject({
      type,
      errorCode: 621,
      error: 'unknown model nobody'
    })
    client.send({ type: 'tcp.ping', id: 1n })
    expect(await client.next()).toEqual({ type: 'tcp.pong', id: 1n })
    expect(devnet.stats()).toMatchObject({ queries: 1, refused: 1, dispatched: 0 })
    expect(devnet.requests[0]).toMatchObject({ state: 'refused', coefficient: undefined })
  })

  it.each([
    [602, /^client balance is too low: max_tokens=2000000000 /, { maxTokens: 2_000_000_000 }],
    [602, /^active config version is too low$/, { minConfigVersion: 2 }],
    [651, /^balance is too low$/, { maxTokens: 700_000_000, maxCoefficient: 4000 }],
    [651, /^can run this query with coefficient=1000$/, { maxCoefficient: 999 }],
    [602, /^unknown public key AB{1}(?:AB)+$/, { publicKey: new Uint8Array(32).fill(0xab) }]
  ])('%s %s', async (errorCode, error, change) => {
    const client = await openReady(await start())
    const answer = await refusal(client, runQuery(chat, change))
    expect(answer).toMatchObject({ errorCode, error: expect.stringMatching(error) as string })
  })

  it('sees workers go and become full', async () => {
    const devnet = await start({ workers: [{ model: 'm', maxActiveRequests: 1 }], firstTokenDelayMs: 10_000 })
    const client = await openReady(devnet)
    client.packet(runQuery({ ...chat, model: 'm' }))
    expect(await refusal(client, runQuery({ ...chat, model: 'm' }))).toMatchObject({
      error: 'no ready workers for modelm'
    })
    devnet.setWorkersEnabled('m', false)
    expect(await refusal(client, runQuery({ ...chat, model: 'm' }))).toMatchObject({
      error: 'no ready workers for modelm'
    })
    devnet.removeWorkers('m')
    expect(await refusal(client, runQuery({ ...chat, model: 'm' }))).toMatchObject({ error: 'no workers for model m' })
  })
})

describe('silent drops', () => {
  it('a request before authorisation, unknown packets, a public key for December', async () => {
    const devnet = await start({ version: 'dec-2025' })
    const client = await openReady(devnet)
    client.send({ type: 'tcp.packet', data: Uint8Array.of(1, 2, 3, 4) })
    client.packet(runQuery(chat, { publicKey: new Uint8Array(32) }))
    client.packet({ type: 'client.updatePaymentStatus' })
    client.send({ type: 'tcp.ping', id: 1n })
    expect(await client.next()).toEqual({ type: 'tcp.pong', id: 1n })
    expect(devnet.stats().queries).toBe(0)
  })
})

describe('money', () => {
  it('charges by the coefficient of the worker, writes the costs, and counts on', async () => {
    const devnet = await start({ workers: [{ model: 'm', coefficient: 1300 }], databaseFlushMs: 0, stateCommitMs: 0 })
    const client = await openReady(devnet)
    client.packet(runQuery({ ...chat, model: 'm' }))
    const objects = await collect(client)
    const { usage } = JSON.parse(bodyOf(objects)) as { usage: Record<string, number> }
    const prompt = Math.trunc((usage['prompt_tokens'] ?? 0) * 1.3)
    const completion = Math.trunc((usage['completion_tokens'] ?? 0) * 1.3 * 8)
    expect(usage['prompt_total_cost']).toBe(prompt * 20)
    expect(usage['completion_total_cost']).toBe(completion * 20)
    expect(usage['total_cost']).toBe((prompt + completion) * 20)
    const total = BigInt(prompt + completion)
    expect(objects.at(-2)).toMatchObject({ finalInfo: { tokensUsed: { totalTokensUsed: total } } })
    expect(objects.at(-1)).toMatchObject({
      dbTokens: total,
      maxTokens: total,
      requestTokens: total,
      signedPayment: { type: 'proxy.signedPayment' }
    })
    client.packet(runQuery({ ...chat, model: 'm' }))
    expect((await collect(client)).at(-1)).toMatchObject({ maxTokens: total * 2n, requestTokens: total })
    expect(await client.query({ type: 'client.updatePaymentStatus' })).toMatchObject({
      dbTokens: total * 2n,
      maxTokens: total * 2n
    })
  })

  it('shows use in db_tokens only after a flush', async () => {
    const devnet = await start({ databaseFlushMs: 1_000_000 })
    const client = await openReady(devnet)
    client.packet(runQuery(chat))
    expect((await collect(client)).at(-1)).toMatchObject({ dbTokens: 0n })
    devnet.commit()
    const status = await client.query({ type: 'client.updatePaymentStatus' })
    expect(status).toMatchObject({ dbTokens: devnet.stats().tokensCharged })
  })

  it('refuses when the stake is used up, and holds reservations while requests run', async () => {
    const devnet = await start({ account: { stakeNano: 20n * 12_000n }, firstTokenDelayMs: 10_000 })
    const client = await openReady(devnet)
    client.packet(runQuery(chat, { maxTokens: 1000, maxCoefficient: 4000 }))
    const answer = await refusal(client, runQuery(chat, { maxTokens: 2000, maxCoefficient: 4000 }))
    expect(answer).toMatchObject({ errorCode: 651, error: 'balance is too low' })
  })

  it('a negative limit is dispatched and then aborted', async () => {
    const client = await openReady(await start())
    client.packet(runQuery({ ...chat, stream: true }, { maxCoefficient: -1 }))
    const objects = await collect(client)
    expect(objects.map((object) => object.type)).toEqual([
      'client.queryAnswerEx',
      'client.queryAnswerErrorEx',
      'proxy.clientRequestPayment'
    ])
    expect(objects[1]).toMatchObject({
      errorCode: 602,
      error: expect.stringMatching(/^reserved_tokens depleted: reserved_tokens=-\d+ used=0\+0$/) as string
    })
  })

  it('charges a request whose client has left', async () => {
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const upstream: Upstream = async () => {
      await gate
      const body = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from('{"usage":{"prompt_tokens":10}}')
      }
      return { status: 200, reason: 'OK', headers: [], body: body() }
    }
    const devnet = await start({ upstream })
    const client = await openReady(devnet)
    client.packet(runQuery(chat))
    client.send({ type: 'tcp.ping', id: 1n })
    await client.next()
    client.close()
    release()
    const other = await openReady(devnet)
    while (devnet.stats().completed === 0) await other.query({ type: 'client.updatePaymentStatus' })
    expect(await other.query({ type: 'client.updatePaymentStatus' })).toMatchObject({ maxTokens: 10n })
  })
})

describe('answers', () => {
  it('protocol 0 uses the legacy constructors, protocol 1 has no times, 2 has', async () => {
    const devnet = await start()
    const zero = await openReady(devnet, 0)
    zero.packet(runQuery(chat))
    expect((await collect(zero)).map((object) => [object.type, 'isCompleted' in object && object.isCompleted])).toEqual(
      [
        ['client.queryAnswer', false],
        ['client.queryAnswerPart', false],
        ['client.queryAnswerPart', true],
        ['proxy.clientRequestPayment', false]
      ]
    )
    for (const version of [1, 2]) {
      const client = await openReady(devnet, version)
      client.packet(runQuery(chat, { enableDebug: true }))
      const final = (await collect(client)).at(-2)
      if (final?.type !== 'client.queryAnswerPartEx') throw new Error('no final')
      expect(final.finalInfo?.proxyStartTime !== undefined).toBe(version === 2)
      expect(JSON.parse(final.finalInfo?.workerDebug ?? '')).toMatchObject({ type: 'worker_stats' })
      expect(JSON.parse(final.finalInfo?.proxyDebug ?? '')).toMatchObject({ type: 'proxy_stats' })
    }
  })

  it.each([
    ['dec-2025', 'client.queryAnswerError'],
    ['apr-2026', 'client.queryAnswerErrorEx']
  ] as const)('%s: an unreadable query is an error after dispatch, with a payment note', async (version, type) => {
    const client = await openReady(await start({ version }))
    client.packet(runQuery(chat, { query: Uint8Array.of(1, 2, 3, 4) }))
    const objects = await collect(client)
    expect(objects.map((object) => object.type)).toEqual([type, 'proxy.clientRequestPayment'])
    expect(objects[0]).toMatchObject({
      errorCode: 0,
      error: expect.stringMatching(/^proxy: received incorrect answer: /) as string
    })
  })

  it('errors of the worker use the Ex constructor on both versions', async () => {
    for (const version of ['dec-2025', 'apr-2026'] as const) {
      const client = await openReady(await start({ version }))
      client.packet(runQuery({ ...chat, tools: [] }))
      const objects = await collect(client)
      expect(objects[0]).toMatchObject({
        type: 'client.queryAnswerErrorEx',
        errorCode: 621,
        error:
          version === 'dec-2025'
            ? "worker: invalid http request: unknown option 'tools' in request"
            : "worker: invalid http request:  has unknown field 'tools'"
      })
      expect(objects[1]).toMatchObject({ type: 'proxy.clientRequestPayment', requestTokens: 0n })
    }
  })

  it.each([
    ['dec-2025', 'dec-2025', /^data: [\s\S]*\[DONE\]\n\n$/, 3, 0n],
    ['apr-2026', 'apr-2026', /^$/, 3, 0n]
  ] as const)('the %s worker on a stream', async (worker, version, body, messages, charged) => {
    const client = await openReady(await start({ worker, version }))
    client.packet(runQuery({ ...chat, stream: true }))
    const objects = await collect(client)
    expect(bodyOf(objects)).toMatch(body)
    expect(objects).toHaveLength(messages)
    expect(objects.at(-1)).toMatchObject({ requestTokens: charged })
  })

  it('times out in the worker, in the proxy, and at once', async () => {
    const upstream: Upstream = async () => {
      const body = async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.from('{}')
        await new Promise(() => undefined)
      }
      return { status: 200, reason: 'OK', headers: [], body: body() }
    }
    const client = await openReady(await start({ upstream }))
    client.packet(runQuery(chat, { timeout: 0 }))
    expect((await collect(client))[0]).toMatchObject({ errorCode: 652, error: 'timeout in proxy' })
    client.packet(runQuery(chat, { timeout: 0.2 }))
    expect((await collect(client)).at(-2)).toMatchObject({ errorCode: 652, error: 'worker: timeout' })
  })

  it.each([
    ['dec-2025', 504],
    ['apr-2026', 502]
  ] as const)('%s: a silent upstream is an HTTP status %s', async (version, statusCode) => {
    const client = await openReady(await start({ version, faults: ['upstream-silent'] }))
    client.packet(runQuery(chat, { timeout: 1 }))
    const head = (await collect(client))[0]
    if (head?.type !== 'client.queryAnswerEx') throw new Error('no head')
    expect(Buffer.from(head.answer).readInt32LE(16)).toBe(statusCode)
  })

  it('keeps requests apart and lists what it saw', async () => {
    const devnet = await start({ tokenDelayMs: 1 })
    const client = await openReady(devnet)
    const queries = [1, 2, 3].map((index) =>
      runQuery({ ...chat, stream: true, messages: [{ role: 'user', content: `number ${index}` }] })
    )
    for (const query of queries) client.packet(query)
    const bodies = new Map<string, string>()
    for (let notes = 0; notes < 3;) {
      const object = await client.nextPacket()
      if (object?.type === 'proxy.clientRequestPayment') notes++
      if (object?.type !== 'client.queryAnswerPartEx') continue
      const id = Buffer.from(object.requestId).toString('hex')
      bodies.set(id, (bodies.get(id) ?? '') + Buffer.from(object.answer).toString())
    }
    queries.forEach((query, index) => {
      expect(bodies.get(Buffer.from(query.requestId).toString('hex'))).toContain(`" ${index + 1}"`)
    })
    expect(devnet.requests.map((request) => request.bodyText.includes('number'))).toEqual([true, true, true])
  })

  it('chooses the idle worker, whatever it costs', async () => {
    const devnet = await start({
      workers: [
        { model: 'm', coefficient: 1000 },
        { model: 'm', coefficient: 3000 }
      ],
      firstTokenDelayMs: 30
    })
    const client = await openReady(devnet)
    for (let turn = 0; turn < 2; turn++) {
      client.packet(runQuery({ ...chat, model: 'm' }))
      client.packet(runQuery({ ...chat, model: 'm' }))
      await collect(client)
      await collect(client)
    }
    const chosen = devnet.requests.map((request) => request.coefficient)
    expect(chosen.slice(2).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([1000, 3000])
  })
})

describe('upstreams', () => {
  it('forwards to an OpenAI-compatible server', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${body}`)
        response.setHeader('content-type', 'text/event-stream')
        response.write('data: {"choices":[{"delta":{"content":"from outside"}}]}\n\n')
        response.end('data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const devnet = await start({ upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` })
      const client = await openReady(devnet)
      client.packet(runQuery({ ...chat, stream: true }))
      const objects = await collect(client)
      expect(bodyOf(objects)).toContain('from outside')
      expect(objects.at(-1)).toMatchObject({ requestTokens: 3n + 16n })
      expect(seen).toHaveLength(1)
      expect(seen[0]).toMatch(/^POST \/v1\/chat\/completions \{"messages":/)
      expect(seen[0]).toContain('"stream_options":{"include_usage":true}')
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  it('the generator respects limits and stop strings', async () => {
    const client = await openReady(await start({ prices: MAINNET_SAMPLE_PRICES }))
    client.packet(runQuery({ ...chat, max_tokens: 3 }))
    expect(JSON.parse(bodyOf(await collect(client)))).toMatchObject({
      choices: [{ message: { content: 'This is the' }, finish_reason: 'length' }],
      usage: { completion_tokens: 3 }
    })
    client.packet(runQuery({ ...chat, stop: ['devnet'] }))
    expect(bodyOf(await collect(client))).toContain('"content":"This is the cocoonkit"')
  })

  it('completions and transcriptions', async () => {
    const client = await openReady(await start())
    client.packet(runQuery({ model: 'devnet/echo', prompt: 'say it' }, { url: '/v1/completions' }))
    expect(JSON.parse(bodyOf(await collect(client)))).toMatchObject({
      object: 'text_completion',
      choices: [{ text: expect.stringContaining('say it') as string }]
    })
    const form =
      '--X\r\nContent-Disposition: form-data; name="model"\r\n\r\ndevnet/echo\r\n' +
      '--X\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--X--\r\n'
    const headers = [{ name: 'Content-Type', value: 'multipart/form-data; boundary=X' }]
    client.packet(runQuery(form, { url: '/v1/audio/transcriptions', headers, modelName: 'devnet/echo' }))
    expect(bodyOf(await collect(client))).toContain('It cannot hear')
  })
})
