import { describe, expect, test } from 'vitest'
import { CocoonError } from '../../src/errors.js'
import { anyone, createGateway, memoryBudget } from '../../src/gateway/index.js'
import { CHAT, chunk, WHOLE } from '../client/openai/fake-transport.js'
import { errorOf, gatewayOver, get, post, settled } from './support.js'

const SSE = [`data: ${chunk('Hel')}\n\n`, `data: ${chunk('lo')}\n\n`, 'data: [DONE]\n\n']

describe('createGateway', () => {
  test('answers a completion, and writes a receipt with what the network reported', async () => {
    const { gateway, receipts, events } = gatewayOver({ parts: [WHOLE] })
    const response = await gateway(post(CHAT, { 'x-request-id': 'my-id.1' }))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'Hi!' } }] })
    expect(response.headers.get('x-request-id')).toBe('my-id.1')
    expect(response.headers.get('x-cocoon-request-id')).toBe('cd'.repeat(32))
    await settled()
    expect(receipts).toHaveLength(1)
    expect(receipts[0]).toMatchObject({
      requestId: 'my-id.1',
      networkRequestId: 'cd'.repeat(32),
      user: 'anyone',
      model: 'm',
      status: 200,
      outcome: 'complete',
      charged: 'yes',
      spentNano: 840n,
      spentSource: 'price',
      isEncrypted: false
    })
    expect(events.map(({ type }) => type)).toEqual(['accepted', 'finished'])
    expect(gateway.activeRequests).toBe(0)
  })

  test('streams, ending in [DONE]; the receipt comes after the last byte', async () => {
    const { gateway, receipts } = gatewayOver({ parts: SSE })
    const response = await gateway(post({ ...CHAT, stream: true }))
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(receipts).toEqual([])
    expect(gateway.activeRequests).toBe(1)
    const text = await response.text()
    expect(text).toContain('"Hel"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    await settled()
    expect(receipts[0]).toMatchObject({ outcome: 'complete', bytesOut: text.length, spentNano: 840n })
  })

  test('pulls: nothing is read from the network that the caller does not take', async () => {
    let produced = 0
    async function* endless(): AsyncGenerator<string> {
      for (;;) {
        produced++
        yield `data: ${chunk('x'.repeat(1000))}\n\n`
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const { gateway } = gatewayOver({ parts: endless() })
    const reader = (await gateway(post({ ...CHAT, stream: true }))).body!.getReader()
    await reader.read()
    const before = produced
    await settled()
    await settled()
    expect(produced).toBe(before)
    await reader.cancel()
  })

  test('a caller that leaves ends the call; the estimate is charged', async () => {
    const { gateway, transport, receipts } = gatewayOver(
      { parts: [SSE[0]!, new Promise(() => {})] },
      { estimateNano: () => 77n }
    )
    const response = await gateway(post({ ...CHAT, stream: true }))
    const reader = response.body!.getReader()
    await reader.read()
    await reader.cancel('gone')
    await settled()
    expect(transport.cancelled).toHaveLength(1)
    expect(receipts[0]).toMatchObject({ outcome: 'cut', spentNano: 77n, spentSource: 'estimate', charged: 'unknown' })
    expect(gateway.activeRequests).toBe(0)
  })

  test('a slow caller is cut', async () => {
    const { gateway, clock, transport, receipts } = gatewayOver({ parts: SSE }, { limits: { slowClientMs: 1000 } })
    const response = await gateway(post({ ...CHAT, stream: true }))
    await clock.advance(999)
    expect(gateway.activeRequests).toBe(1)
    await clock.advance(2)
    await settled()
    expect(gateway.activeRequests).toBe(0)
    expect(transport.cancelled).toHaveLength(1)
    expect(receipts[0]).toMatchObject({ outcome: 'cut', bytesOut: 0 })
    await expect(response.text()).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
  })

  test('a network that is slow is not the caller’s fault', async () => {
    const { gateway, clock } = gatewayOver(
      { parts: [SSE[0]!, new Promise(() => {})] },
      { limits: { slowClientMs: 1000, timeoutMs: 9000 } }
    )
    const reader = (await gateway(post({ ...CHAT, stream: true }))).body!.getReader()
    await reader.read()
    const pending = expect(reader.read()).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    await clock.advance(5000)
    await settled()
    expect(gateway.activeRequests).toBe(1)
    await clock.advance(4001)
    await pending
    expect(gateway.activeRequests).toBe(0)
  })

  test('a call that takes too long is 504', async () => {
    const { gateway, clock } = gatewayOver({ hang: true }, { limits: { timeoutMs: 50 } })
    const answer = gateway(post(CHAT))
    await settled()
    await clock.advance(51)
    expect((await answer).status).toBe(504)
  })

  test('close ends what runs and refuses the rest', async () => {
    const { gateway } = gatewayOver({ parts: [SSE[0]!, new Promise(() => {})] })
    const reader = (await gateway(post({ ...CHAT, stream: true }))).body!.getReader()
    await reader.read()
    gateway.close()
    await expect(reader.read()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect((await gateway(get('/v1/models'))).status).toBe(503)
    expect(gateway.activeRequests).toBe(0)
  })

  test('models, one model, health', async () => {
    const { gateway, transport } = gatewayOver({})
    transport.types = [{ name: 'org/model', workers: [] }]
    expect(await (await gateway(get('/v1/models'))).json()).toMatchObject({ data: [{ id: 'org/model' }] })
    expect((await gateway(get('/v1/models/org/model'))).status).toBe(200)
    expect((await gateway(get('/v1/models/none'))).status).toBe(404)
    expect(await (await gateway(get('/healthz'))).json()).toEqual({ status: 'ok', active_requests: 0 })
    expect(gateway.activeRequests).toBe(0)
  })

  test('attestation shows the live report where the client has one', async () => {
    const { gateway } = gatewayOver({})
    expect((await gateway(get('/attestation'))).status).toBe(404)
    const report = { schema: 'cocoonkit.attestation-report.v1', verdict: 'verified' } as never
    const other = createGateway({
      cocoon: { fetch: () => Promise.reject(new Error()), attestation: async () => report },
      authorize: anyone()
    })
    expect(await (await other(get('/attestation'))).json()).toEqual(report)
  })

  test.each([
    [post(CHAT, {}, '/v1/embeddings'), 404],
    [get('/admin'), 404],
    [get('/metrics'), 404],
    [get('/v1/chat/completions'), 405],
    [post(CHAT, {}, '/v1/models'), 405],
    [post(CHAT, { 'content-type': 'text/plain' }), 415],
    [post('{'), 400],
    [post('[]'), 400],
    [post('null'), 400],
    [post({ messages: [] }), 400],
    [post({ ...CHAT, model: 7 }), 400],
    [post({ ...CHAT, model: 'm'.repeat(300) }), 400],
    [post({ ...CHAT, tools: [{}] }), 400],
    [post({ ...CHAT, max_coefficient: 9000 }), 400],
    [post({ ...CHAT, pad: 'x'.repeat(6000) }), 413]
  ])('%# is refused in OpenAI’s shape', async (request, status) => {
    const { gateway } = gatewayOver({ parts: [WHOLE] }, { limits: { maxBodyBytes: 5000 } })
    const response = await gateway(request)
    expect(response.status).toBe(status)
    expect(await errorOf(response)).toMatchObject({
      message: expect.any(String),
      type: expect.any(String),
      code: expect.stringMatching(/^ERR_/)
    })
    await settled()
    expect(gateway.activeRequests).toBe(0)
  })

  test('a body of undeclared length is cut at the limit, and one that never ends at the deadline', async () => {
    const { gateway, clock } = gatewayOver({ parts: [WHOLE] }, { limits: { maxBodyBytes: 5000 } })
    const streamed = (source: UnderlyingDefaultSource<Uint8Array>): Request =>
      new Request('https://gateway.test/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new ReadableStream(source),
        duplex: 'half'
      } as RequestInit)
    const endless = streamed({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) })
    expect((await gateway(endless)).status).toBe(413)
    const silent = gateway(streamed({}))
    await settled()
    await clock.advance(30_001)
    expect((await silent).status).toBe(408)
    expect(gateway.activeRequests).toBe(0)
  })

  test('concurrency: per user and in all', async () => {
    const { gateway } = gatewayOver(
      { parts: [SSE[0]!, new Promise(() => {})] },
      {
        authorize: ({ headers }) => ({ id: headers.get('x-user') ?? '' }),
        limits: { maxConcurrent: 3, maxConcurrentPerUser: 2 }
      }
    )
    const open = (user: string): Promise<Response> => gateway(post({ ...CHAT, stream: true }, { 'x-user': user }))
    const first = await open('a')
    await open('a')
    const refused = await open('a')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('1')
    expect((await open('b')).status).toBe(200)
    expect((await open('c')).status).toBe(503)
    expect((await open('')).status).toBe(401)
    await first.body!.cancel()
    expect((await open('a')).status).toBe(200)
  })

  test('budgets: reserved in parallel, settled with what was spent, refused with 402', async () => {
    const budget = memoryBudget({ perUserNano: 2000n })
    const { gateway } = gatewayOver({ parts: [WHOLE] }, { budget, estimateNano: () => 1000n })
    const [first, second, third] = await Promise.all([gateway(post(CHAT)), gateway(post(CHAT)), gateway(post(CHAT))])
    expect([first!.status, second!.status, third!.status]).toEqual([200, 200, 402])
    expect(budget.spentNano('anyone')).toBe(2000n)
    await first!.text()
    await second!.text()
    await settled()
    expect(budget.totalSpentNano).toBe(1680n)
    expect((await gateway(post(CHAT))).status).toBe(402)
  })

  test('what was not charged is released; a budget that fails is 503, a callback that fails is an event', async () => {
    const budget = memoryBudget({ perUserNano: 2000n })
    const refusing = gatewayOver({ parts: [WHOLE] }, { budget, estimateNano: () => 1000n })
    const response = await refusing.gateway(post({ ...CHAT, tools: [{}] }))
    expect(response.status).toBe(400)
    await response.text()
    await settled()
    expect(budget.totalSpentNano).toBe(0n)
    const failing = gatewayOver({ parts: [WHOLE] }, { budget: { reserve: () => Promise.reject(new Error('disk')) } })
    expect((await failing.gateway(post(CHAT))).status).toBe(503)
    const { gateway, events } = gatewayOver({ parts: [WHOLE] }, { onReceipt: () => Promise.reject(new Error('disk')) })
    await (await gateway(post(CHAT))).text()
    await settled()
    expect(events.at(-1)).toMatchObject({ type: 'callback-failed', callback: 'onReceipt' })
  })

  test('limits of the operator are written into bodies that have none, and nothing else is changed', async () => {
    const { gateway, transport } = gatewayOver({ parts: [WHOLE] }, { limits: { maxTokens: 100, maxCoefficient: 2000 } })
    await gateway(post(CHAT))
    expect(transport.body()).toEqual({ ...CHAT, max_tokens: 100 })
    expect(transport.requests[0]).toMatchObject({ maxCoefficient: 2000, reservedTokens: 100 })
    await gateway(post({ ...CHAT, max_completion_tokens: 50, max_coefficient: 1500 }))
    expect(transport.requests[1]).toMatchObject({ maxCoefficient: 1500, reservedTokens: 50 })
    expect((await gateway(post({ ...CHAT, max_tokens: 101 }))).status).toBe(400)
  })

  test.each([
    { max_tokens: null, max_coefficient: null },
    { max_tokens: null, max_completion_tokens: null },
    { max_tokens: 0 },
    { max_completion_tokens: 0 },
    { max_tokens: 0, max_completion_tokens: null },
    { max_tokens: null, max_completion_tokens: 0 },
    { max_tokens: 100, max_completion_tokens: 0 },
    { max_tokens: 0, max_completion_tokens: 100 }
  ])('nor are they evaded by a limit that is none: %j', async (fields) => {
    const limits = { maxTokens: 100, maxCoefficient: 2000 }
    const { gateway, transport } = gatewayOver({ parts: [WHOLE] }, { limits })
    expect((await gateway(post({ ...CHAT, ...fields }))).status).toBe(200)
    const { max_completion_tokens: newer, max_tokens: older, ...rest } = transport.body() as Record<string, unknown>
    expect([newer ?? older, rest]).toEqual([100, CHAT])
    expect(transport.requests[0]).toMatchObject({ maxCoefficient: 2000, reservedTokens: 100 })
  })

  test('models can be limited', async () => {
    const { gateway } = gatewayOver({ parts: [WHOLE] }, { limits: { models: ['m'] } })
    expect((await gateway(post({ ...CHAT, model: 'm@abc' }))).status).toBe(200)
    expect((await gateway(post({ ...CHAT, model: 'other' }))).status).toBe(404)
  })

  test('no header of the caller travels, and none of an answer stays for the next', async () => {
    const { gateway, transport } = gatewayOver({ parts: [WHOLE] })
    await gateway(post(CHAT, { authorization: 'Bearer secret', cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' }))
    expect(transport.requests[0]!.headers.map(([name]) => name)).toEqual(['Host', 'Content-Type'])
    const failed = await gateway(post('{'))
    expect([...failed.headers.keys()].filter((name) => name.startsWith('x-cocoon'))).toEqual([])
  })

  test('request ids that are not plain are replaced', async () => {
    const { gateway } = gatewayOver({})
    for (const id of ['a b', 'x'.repeat(200), 'ä']) {
      const given = (await gateway(get('/healthz', { 'x-request-id': id }))).headers.get('x-request-id')
      expect(given).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  test('an authorize that throws something else is a 401 that tells nothing', async () => {
    const { gateway } = gatewayOver({}, { authorize: () => Promise.reject(new Error('token abc is not in the table')) })
    const response = await gateway(get('/v1/models'))
    expect(response.status).toBe(401)
    expect(await response.text()).not.toContain('abc')
  })

  test('a client that throws something else is a 500 that tells nothing', async () => {
    const gateway = createGateway({
      cocoon: { fetch: () => Promise.reject(new Error('secret path')) },
      authorize: anyone()
    })
    const response = await gateway(post(CHAT))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
  })

  test.each([
    [{ authorize: undefined }, 'authorize'],
    [{ cocoon: {} }, 'cocoon'],
    [{ basePath: 'api/' }, 'basePath'],
    [{ limits: { timeoutMs: 0 } }, 'limits.timeoutMs'],
    [{ cors: { origins: '*', credentials: true } }, 'cors.origins']
  ])('%j is refused', (wrong, field) => {
    const make = (): unknown => createGateway({ cocoon: { fetch }, authorize: anyone(), ...wrong } as never)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS', field }))
  })

  test('a base path', async () => {
    const { gateway } = gatewayOver({}, { basePath: '/api/cocoon' })
    expect((await gateway(get('/api/cocoon/healthz'))).status).toBe(200)
    expect((await gateway(get('/healthz'))).status).toBe(404)
  })

  test('host names', async () => {
    const { gateway } = gatewayOver({}, { hosts: ['localhost'] })
    expect((await gateway(get('/healthz'))).status).toBe(421)
  })

  test('errors of the network keep their status and say who failed', async () => {
    const error = new CocoonError('ERR_QUERY_REFUSED', 'refused', {
      phase: 'query',
      peerCode: 652,
      peerText: 'worker: timeout'
    })
    const { gateway, receipts } = gatewayOver({ error })
    const response = await gateway(post(CHAT))
    expect(response.status).toBe(504)
    expect(await errorOf(response)).toMatchObject({ code: 'ERR_QUERY_REFUSED', peer_text: 'worker: timeout' })
    await settled()
    expect(receipts[0]).toMatchObject({ outcome: 'error', status: 504, charged: 'no', spentNano: 0n })
  })
})

describe('CORS', () => {
  const ORIGIN = 'https://app.example'
  const setup = (origins: readonly string[] | '*' = [ORIGIN]) => gatewayOver({ parts: [WHOLE] }, { cors: { origins } })

  test('a preflight of an allowed page', async () => {
    const { gateway } = setup()
    const response = await gateway(
      new Request('https://gateway.test/v1/chat/completions', {
        method: 'OPTIONS',
        headers: { origin: ORIGIN, 'access-control-request-headers': 'authorization,x-stainless-os,x-evil' }
      })
    )
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(response.headers.get('access-control-allow-headers')).toContain('x-stainless-os')
    expect(response.headers.get('access-control-allow-headers')).not.toContain('x-evil')
    expect(response.headers.get('vary')).toBe('Origin')
  })

  test('answers and errors carry the headers too', async () => {
    const { gateway } = setup()
    for (const request of [post(CHAT, { origin: ORIGIN }), post('{', { origin: ORIGIN })])
      expect((await gateway(request)).headers.get('access-control-allow-origin')).toBe(ORIGIN)
  })

  test('another page is refused before it costs anything; the own origin is not another', async () => {
    const { gateway, transport } = setup()
    const response = await gateway(post(CHAT, { origin: 'https://evil.example' }))
    expect(response.status).toBe(403)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(transport.requests).toHaveLength(0)
    expect((await gateway(post(CHAT, { origin: 'https://gateway.test' }))).status).toBe(200)
    expect((await setup('*').gateway(post(CHAT, { origin: 'null' }))).headers.get('access-control-allow-origin')).toBe(
      '*'
    )
  })
})

describe('/metrics', () => {
  test('counts, without users and models', async () => {
    const records: [string, number][] = []
    const instrument = (name: string) => ({
      add: (value: number) => void records.push([name, value]),
      record: (value: number) => void records.push([name, value])
    })
    const meter = { createCounter: instrument, createUpDownCounter: instrument, createHistogram: instrument }
    const { gateway } = gatewayOver({ parts: [WHOLE] }, { metrics: true, meter, authorize: anyone('alice') })
    await (await gateway(post({ ...CHAT, model: 'secret-model' }))).text()
    await gateway(get('/no-such'))
    await settled()
    const response = await gateway(get('/metrics'))
    const text = await response.text()
    expect(response.headers.get('content-type')).toContain('version=0.0.4')
    expect(text).toContain(
      'cocoon_gateway_requests_total{path="/v1/chat/completions",status="200",outcome="complete",encrypted="false"} 1'
    )
    expect(text).toContain('cocoon_gateway_refused_total{status="404",code="ERR_REQUEST_INVALID"} 1')
    expect(text).toContain('cocoon_gateway_tokens_total{kind="completion"} 32')
    expect(text).toContain('cocoon_gateway_request_duration_seconds_bucket{le="+Inf"} 1')
    expect(text).toContain('cocoon_gateway_active_requests 0')
    expect(text).not.toMatch(/alice|secret-model/)
    expect(records).toContainEqual(['cocoon_gateway_active_requests', -1])
    for (const line of text.trimEnd().split('\n'))
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) \S+ .+|[a-z_]+(?:\{[^}]*\})? [\d.e+-]+)$/)
  })
})
