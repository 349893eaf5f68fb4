import { describe, expect, it } from 'vitest'

import { CocoonError, type CocoonErrorOptions, type ErrorCode } from '../../../src/errors.js'
import { outcomeOf } from '../../../src/client/openai/fetching/index.js'
import { CHAT, chunk, type Script, surfaceOver, WHOLE } from './fake-transport.js'

const URL_CHAT = 'https://cocoon.invalid/v1/chat/completions'
const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) })
const refusal = (code: ErrorCode, options: Partial<CocoonErrorOptions> = {}): CocoonError =>
  new CocoonError(code, 'scripted', { phase: 'query', ...options })

describe('fetch', () => {
  it('answers a chat request with the bytes as received', async () => {
    const { surface } = surfaceOver({ parts: [WHOLE] }, { pricePerTokenNano: 2n })
    const response = await surface.fetch(URL_CHAT, post(CHAT))
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(WHOLE)
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/json',
      'x-cocoon-attestation': 'ab'.repeat(32),
      'x-cocoon-cost-nano': '84',
      'x-cocoon-cost-source': 'price',
      'x-cocoon-encrypted': 'false',
      'x-cocoon-proxy': '127.0.0.1:5222',
      'x-cocoon-tokens': '42',
      'x-cocoon-verified': 'true',
      'x-request-id': 'cd'.repeat(32)
    })
  })

  it('takes every kind of input', async () => {
    const { surface, transport } = surfaceOver({ parts: [WHOLE] })
    const text = JSON.stringify(CHAT)
    const inputs: [RequestInfo | URL, RequestInit?][] = [
      [new Request(URL_CHAT, { method: 'POST', body: text })],
      [new Request(URL_CHAT), { method: 'POST', body: text }],
      [new URL(URL_CHAT), { method: 'post', body: new TextEncoder().encode(text) }],
      ['/v1/chat/completions?beta=true', { method: 'POST', body: new Blob([text]) }],
      [
        'http://x.invalid:8080/some/prefix/v1/chat/completions#hash',
        { method: 'POST', body: new Response(text).body, duplex: 'half' } as RequestInit
      ]
    ]
    for (const [input, init] of inputs) expect((await surface.fetch(input, init)).status).toBe(200)
    for (let index = 0; index < inputs.length; index++) expect(transport.body(index)).toEqual(CHAT)
    expect(new Set(transport.requests.map(({ path }) => path))).toEqual(new Set(['/v1/chat/completions']))
  })

  it('reads its options before it waits for anything', async () => {
    const { surface, transport } = surfaceOver({ parts: [WHOLE] })
    const init = post(CHAT)
    const first = surface.fetch(URL_CHAT, init)
    Object.assign(init, post({ ...CHAT, model: 'other' }))
    const second = surface.fetch(URL_CHAT, init)
    Object.assign(init, { method: 'DELETE', body: null })
    expect([(await first).status, (await second).status]).toEqual([200, 200])
    expect([transport.body(0), transport.body(1)]).toEqual([CHAT, { ...CHAT, model: 'other' }])
  })

  it('reads and removes the fields meant for it, and sends no header of the caller', async () => {
    const { surface, transport } = surfaceOver({ parts: [WHOLE] })
    await surface.fetch(URL_CHAT, {
      ...post({ ...CHAT, max_coefficient: 1500, timeout: 2.5, enable_debug: true, max_tokens: 7 }),
      headers: { authorization: 'Bearer SECRET', cookie: 'SECRET', 'x-forwarded-for': 'SECRET' }
    })
    expect(transport.body()).toEqual({ ...CHAT, max_tokens: 7 })
    expect(transport.requests[0]).toMatchObject({ maxCoefficient: 1500, enableDebug: true, reservedTokens: 7 })
    expect(transport.budgets[0]?.remainingMs()).toBe(2500)
    expect(transport.requests[0]?.headers).toEqual([
      ['Host', 'localhost'],
      ['Content-Type', 'application/json']
    ])
  })

  it.each<[string, RequestInit, number]>([
    ['/v1/embeddings', post({}), 404],
    ['/v1/chat/completions/', post({}), 404],
    ['/chat/completions', post({}), 404],
    ['/v1/chat/completions', {}, 405],
    ['/v1/models', post({}), 405],
    ['/v1/chat/completions', { method: 'POST', body: '<' }, 400],
    ['/v1/chat/completions', { method: 'POST' }, 400],
    ['/v1/chat/completions', post([]), 400],
    ['/v1/chat/completions', post({ messages: [] }), 400],
    ['/v1/chat/completions', post({ ...CHAT, tools: [{}] }), 400],
    ['/v1/chat/completions', post({ ...CHAT, timeout: -1 }), 400],
    ['/v1/audio/transcriptions', post({ model: 'm' }), 400]
  ])('%s %o is %i without a query', async (path, init, status) => {
    const { surface, transport } = surfaceOver({ parts: [WHOLE] })
    const response = await surface.fetch(`http://h${path}`, init)
    expect(response.status).toBe(status)
    const body = (await response.json()) as { error: Record<string, unknown> }
    expect(body.error).toMatchObject({ message: expect.any(String), type: 'invalid_request_error', charged: 'no' })
    expect(body.error).toHaveProperty('param')
    expect(transport.requests).toHaveLength(0)
  })

  it.each<[CocoonError, number, boolean]>([
    [refusal('ERR_QUERY_REFUSED', { peerCode: 652, charged: 'unknown', retryable: true }), 504, false],
    [refusal('ERR_QUERY_REFUSED', { peerCode: 651, retryable: true }), 502, true],
    [refusal('ERR_QUERY_REFUSED', { peerCode: 621 }), 400, false],
    [refusal('ERR_QUERY_REFUSED', { peerCode: 0 }), 502, false],
    [refusal('ERR_AUTHORIZATION'), 401, false],
    [refusal('ERR_AUTHORIZATION_LONG_REQUIRED'), 401, false],
    [refusal('ERR_NO_PROXY', { cause: refusal('ERR_AUTHORIZATION') }), 401, false],
    [refusal('ERR_NO_PROXY', { cause: refusal('ERR_DIAL'), retryable: true }), 502, true],
    [refusal('ERR_ATTESTATION_REFUSED'), 502, false],
    [refusal('ERR_CONNECTION_LOST', { charged: 'unknown' }), 502, false],
    [refusal('ERR_REQUEST_TOO_LARGE'), 413, false],
    [refusal('ERR_TIMEOUT', { charged: 'unknown' }), 504, false]
  ])('%s is a response', async (error, status, mayRetry) => {
    const { surface } = surfaceOver({ error })
    const response = await surface.fetch(URL_CHAT, post(CHAT))
    expect(response.status).toBe(status)
    expect(response.headers.get('x-should-retry')).toBe(mayRetry ? null : 'false')
    expect(await response.json()).toMatchObject({ error: { code: error.code, charged: error.charged } })
  })

  it.each<[Script, number, string]>([
    [{ status: 429, parts: ['{"error":{"message":"slow down"}}'] }, 429, 'ERR_UPSTREAM_HTTP'],
    [{ status: 502 }, 502, 'ERR_UPSTREAM_HTTP'],
    [{ status: 302 }, 502, 'ERR_UPSTREAM_HTTP'],
    [{ status: 500, parts: [new Error('cut')] }, 500, 'ERR_UPSTREAM_HTTP'],
    [{ parts: ['<html>'] }, 502, 'ERR_ANSWER_INVALID'],
    [{ parts: ['null'] }, 502, 'ERR_ANSWER_INVALID'],
    [{ parts: ['{"error":"x"}'] }, 502, 'ERR_ANSWER_INVALID'],
    [{}, 502, 'ERR_ANSWER_INVALID'],
    [{ parts: [WHOLE], final: { complete: false } }, 502, 'ERR_STREAM_TRUNCATED'],
    [{ parts: ['x'.repeat(101)] }, 502, 'ERR_ANSWER_TOO_LARGE']
  ])('%o is %i', async (script, status, code) => {
    const { surface, clock } = surfaceOver(script, {
      limits: { maxAnswerBytes: status === 502 && code === 'ERR_ANSWER_TOO_LARGE' ? 100 : 1000 }
    })
    const response = await surface.fetch(URL_CHAT, post(CHAT))
    expect(response.status).toBe(status)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await response.json()).toMatchObject({ error: { code } })
    expect(clock.pendingTimers).toBe(0)
  })

  it('rejects for an abort with the reason, before, during and after the head', async () => {
    const reason = new Error('mine')
    const early = surfaceOver({ parts: [WHOLE] })
    await expect(early.surface.fetch(URL_CHAT, { ...post(CHAT), signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason
    )
    expect(early.transport.requests).toHaveLength(0)

    const controller = new AbortController()
    const hanging = surfaceOver({ hang: true })
    const call = hanging.surface.fetch(new Request(URL_CHAT, { ...post(CHAT), signal: controller.signal }))
    setImmediate(() => controller.abort(reason))
    await expect(call).rejects.toBe(reason)

    const late = new AbortController()
    const open = surfaceOver({ parts: [`data: ${chunk('a')}\n\n`, new Promise(() => {})] })
    const response = await open.surface.fetch(URL_CHAT, { ...post({ ...CHAT, stream: true }), signal: late.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    const next = reader.read()
    late.abort(reason)
    await expect(next).rejects.toBe(reason)
  })

  it('rejects for arguments that no fetch takes', async () => {
    const { surface } = surfaceOver({})
    await expect(surface.fetch('http://')).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
    await expect(surface.fetch(URL_CHAT, { headers: { 'b a d': 'x' } })).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  })

  it('times out into a response', async () => {
    const { surface, clock } = surfaceOver({ hang: true })
    const call = surface.fetch(URL_CHAT, post({ ...CHAT, timeout: 1 }))
    await clock.advance(1000)
    expect((await call).status).toBe(504)
  })
})

describe('fetch with stream', () => {
  const stream = post({ ...CHAT, stream: true })

  it('writes well-formed events that end in [DONE]', async () => {
    const { surface } = surfaceOver({ parts: [`: c\r\ndata: {"a":1,\r\ndata: "b":2}\r\n\r\ndata: ${chunk('x')}`] })
    const response = await surface.fetch(URL_CHAT, stream)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(await response.text()).toBe(`data: {"a":1, "b":2}\n\ndata: ${chunk('x')}\n\ndata: [DONE]\n\n`)
  })

  it('makes events of JSON lines and of a whole answer', async () => {
    const lines = surfaceOver({ parts: [`${chunk('x')}\n${chunk('y')}\n`] })
    expect(await (await lines.surface.fetch(URL_CHAT, stream)).text()).toBe(
      `data: ${chunk('x')}\n\ndata: ${chunk('y')}\n\ndata: [DONE]\n\n`
    )
    const whole = surfaceOver({ parts: [WHOLE] })
    const text = await (await whole.surface.fetch(URL_CHAT, stream)).text()
    expect(text.match(/^data: \{/gm)).toHaveLength(3)
    expect(text.endsWith('\n\ndata: [DONE]\n\n')).toBe(true)
  })

  it.each<[Script, string]>([
    [{ parts: [`data: ${chunk('a')}\n\n`, 'data: {"error":{"message":"boom"}}\n\n'] }, 'ERR_STREAM_ERROR_EVENT'],
    [{ parts: [`data: ${chunk('a')}\n\n`, 'data: [DONE]\n\n'], final: { complete: false } }, 'ERR_STREAM_TRUNCATED'],
    [{}, 'ERR_STREAM_EMPTY']
  ])('writes one error event and breaks off, without [DONE]', async (script, code) => {
    const { surface } = surfaceOver(script)
    const response = await surface.fetch(URL_CHAT, stream)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    const reading = (async () => {
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return
        text += new TextDecoder().decode(value)
      }
    })()
    await expect(reading).rejects.toMatchObject({ code })
    const events = text.split('\n\n').filter((event) => event !== '')
    expect(events.filter((event) => event.startsWith('data: {"error":'))).toHaveLength(1)
    expect(JSON.parse((events.at(-1) as string).slice(6))).toMatchObject({
      error: { code, type: expect.any(String), param: null }
    })
    expect(text).not.toContain('[DONE]')
  })

  it('gives the answer up when the body is cancelled', async () => {
    const { surface, transport } = surfaceOver({ parts: [`data: ${chunk('a')}\n\n`, new Promise(() => {})] })
    await (await surface.fetch(URL_CHAT, stream)).body?.cancel('bye')
    expect(transport.cancelled).toMatchObject([{ code: 'ERR_ABORTED', cause: 'bye' }])
  })
})

describe('errors of a call that reached a peer', () => {
  const known = {
    'x-cocoon-attestation': 'ab'.repeat(32),
    'x-cocoon-proxy': '127.0.0.1:5222',
    'x-cocoon-verified': 'true'
  }

  it.each<[string, Script]>([
    ['a bad status', { status: 500, parts: ['x'] }],
    ['an answer that breaks off', { parts: [refusal('ERR_CONNECTION_LOST')] }],
    ['a refusal before the head', { error: refusal('ERR_QUERY_REFUSED', { peerCode: 652 }) }]
  ])('%s says which peer and which request', async (_, script) => {
    const { surface } = surfaceOver(script)
    const response = await surface.fetch(URL_CHAT, post(CHAT))
    expect(response.ok).toBe(false)
    const headers = Object.fromEntries(response.headers)
    expect(headers).toMatchObject({ ...known, 'x-request-id': 'cd'.repeat(32), 'content-type': 'application/json' })
    expect(await outcomeOf(response)).toMatchObject({ requestId: 'cd'.repeat(32), attestationId: 'ab'.repeat(32) })
  })

  it('one that reached nobody says nothing', async () => {
    const { surface } = surfaceOver({ parts: [WHOLE] })
    const response = await surface.fetch(URL_CHAT, post({ ...CHAT, model: 7 }))
    expect(response.status).toBe(400)
    expect([...response.headers.keys()]).toEqual(['content-type', 'x-should-retry'])
  })

  it('a model that is unknown names the peer', async () => {
    const { surface } = surfaceOver({ parts: [WHOLE] })
    const response = await surface.fetch('/v1/models/none')
    expect(response.status).toBe(404)
    expect(Object.fromEntries(response.headers)).toMatchObject(known)
  })
})

describe('hostile answers', () => {
  it('a good status that a Response cannot carry a body with is 200', async () => {
    for (const status of [204, 205]) {
      const { surface } = surfaceOver({ status, parts: [WHOLE] })
      const response = await surface.fetch(URL_CHAT, post(CHAT))
      expect(response.status).toBe(200)
      expect(await response.text()).toBe(WHOLE)
    }
  })

  it('an encrypted error passes as it is and asks for no second charge', async () => {
    const body = {
      model: 'm',
      is_encrypted: 'v1',
      sender_public_key: 'ab'.repeat(32),
      receiver_public_key: 'cd'.repeat(32),
      encryption_nonce: Buffer.alloc(32, 1).toString('base64'),
      messages: [{ role: `ENC_${'a'.repeat(64)}`, content: `ENC_${'a'.repeat(64)}` }]
    }
    const { surface } = surfaceOver({ status: 500, parts: ['{"error":"ENC_aa"}'] })
    const response = await surface.fetch(URL_CHAT, post(body))
    expect(response.status).toBe(500)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await response.text()).toBe('{"error":"ENC_aa"}')
  })

  it('arguments that no fetch takes reject with a typed error', async () => {
    const { surface } = surfaceOver({ parts: [WHOLE] })
    for (const [input, init] of [
      [null],
      [undefined, null],
      [URL_CHAT, { signal: {} }],
      [URL_CHAT, { headers: 5 }]
    ] as unknown as [string, RequestInit][])
      await expect(surface.fetch(input, init)).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  })
})

describe('models', () => {
  it('lists and retrieves, by fetch and by resource', async () => {
    const { surface, transport } = surfaceOver({})
    transport.types = [
      { name: 'Qwen/Qwen3-8B', workers: [{ coefficient: 1200, activeRequests: 1, maxActiveRequests: 8 }] },
      { name: 'idle', workers: [] }
    ]
    const model = {
      id: 'Qwen/Qwen3-8B',
      object: 'model',
      created: 0,
      owned_by: 'cocoon',
      workers: [{ coefficient: 1200, running_requests: 1, max_running_requests: 8 }]
    }
    const list = { object: 'list', data: [model, { ...model, id: 'idle', workers: [] }] }
    expect(await surface.models.list({ timeoutMs: 5 })).toEqual(list)
    expect(await surface.models.retrieve('Qwen/Qwen3-8B@abc')).toEqual(model)
    await expect(surface.models.retrieve('nope')).rejects.toMatchObject({
      code: 'ERR_REQUEST_INVALID',
      httpStatus: 404
    })
    expect(await (await surface.fetch('https://h/v1/models')).json()).toEqual(list)
    expect(await (await surface.fetch('https://h/v1/models/Qwen%2FQwen3-8B')).json()).toEqual(model)
    expect((await surface.fetch('https://h/v1/models/nope%')).status).toBe(404)
    await expect(surface.models.list({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})
