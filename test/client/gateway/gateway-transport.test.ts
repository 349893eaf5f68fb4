import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeAll, describe, expect, it } from 'vitest'

import { hexToBytes } from '../../../src/encoding/index.js'
import { decryptRequest, encryptAnswer, type NetworkKeyPair, networkKeyPair } from '../../../src/envelope/index.js'
import { Cocoon, type CocoonOptions } from '../../../src/index.js'

const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
const opened: (() => unknown)[] = []
let network: NetworkKeyPair
beforeAll(async () => {
  network = await networkKeyPair(new Uint8Array(32).fill(7))
})
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Handler = (seen: Seen, response: ServerResponse) => void | Promise<void>

async function serve(handler: Handler): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = []
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const entry = { method: request.method!, url: request.url!, headers: request.headers, body }
    seen.push(entry)
    await handler(entry, response)
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

function client(url: string, options: Partial<CocoonOptions> = {}): Cocoon {
  const keys = [{ publicKey: network.publicKey, expiresAtUnix: 4_000_000_000 }]
  const cocoon = new Cocoon({ gateway: url, network: { encryptionKeys: keys }, ...options })
  opened.push(() => cocoon.close())
  return cocoon
}

const question = { model: 'm', messages: [{ role: 'user' as const, content: 'my canary question' }] }
const delta = (content: string, finish_reason: string | null = null): Record<string, unknown> => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { content }, finish_reason }]
})
const whole = {
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'four' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, total_cost: 40 }
}

async function seal(seen: Seen, value: Record<string, unknown>): Promise<string> {
  const { sender_public_key: sender } = JSON.parse(seen.body) as { sender_public_key: string }
  return JSON.stringify(await encryptAnswer(value, network, hexToBytes(sender), random))
}

const EVENTS = { 'content-type': 'text/event-stream' }

const streamed: Handler = async (seen, response) => {
  response.writeHead(200, { ...EVENTS, 'x-request-id': 'abc' })
  for (const value of [delta('four'), delta(' canaries', 'stop')])
    response.write(`data: ${await seal(seen, value)}\n\n`)
  response.end('data: [DONE]\n\n')
}

async function collect(cocoon: Cocoon): Promise<string> {
  let text = ''
  for await (const { choices } of await cocoon.chat.completions.create({ ...question, stream: true }))
    text += choices[0]?.delta.content ?? ''
  return text
}

describe('a gateway', () => {
  it('gets ciphertext only, streams back, and sees no cookie', async () => {
    const { url, seen } = await serve(streamed)
    const cocoon = client(url, {
      gateway: { url: `${url}/prefix/v1/`, headers: async () => ({ authorization: 'Bearer token', cookie: 'a=b' }) }
    })
    expect(await collect(cocoon)).toBe('four canaries')
    const [{ body, headers, url: path }] = seen as [Seen]
    expect(path).toBe('/prefix/v1/chat/completions')
    expect(body).not.toContain('canary')
    expect(headers.authorization).toBe('Bearer token')
    expect(headers.cookie).toBeUndefined()
    expect((await decryptRequest(JSON.parse(body) as Record<string, unknown>, network.seed)).body['messages']).toEqual(
      question.messages
    )
  })

  it('answers whole, with what stands around it', async () => {
    const { url, seen } = await serve(async (entry, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'abc-1' })
        .end(await seal(entry, whole))
    })
    const { data, encrypted, requestId, peer, attestationId } = await client(url, { maxCoefficient: 2000 })
      .chat.completions.create(question, { debug: true, timeoutMs: 30_000 })
      .withResponse()
    expect(data).toEqual(whole)
    expect({ encrypted, requestId, attestationId }).toEqual({
      encrypted: true,
      requestId: 'abc-1',
      attestationId: null
    })
    expect(peer).toMatchObject({ address: url, verified: false })
    expect(JSON.parse(seen[0]!.body)).toMatchObject({ max_coefficient: 2000, enable_debug: true, timeout: 30 })
  })

  it('shows its models', async () => {
    const list = {
      object: 'list',
      data: [
        { id: 'm', object: 'model', workers: [{ coefficient: 1000, running_requests: 1, max_running_requests: 60 }] },
        { id: 'n' }
      ]
    }
    const { url } = await serve((_, response) => void response.end(JSON.stringify(list)))
    expect((await client(url).market()).models).toEqual([
      { name: 'm', workers: [{ coefficient: 1000, activeRequests: 1, maxActiveRequests: 60 }] },
      { name: 'n', workers: [] }
    ])
  })

  it('may read prompts only where the caller said so', async () => {
    const { url, seen } = await serve(
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole))
    )
    const { encrypted } = await client(url, { encryption: 'off' }).chat.completions.create(question).withResponse()
    expect(encrypted).toBe(false)
    expect(seen[0]!.body).toContain('canary')
    await expect(client(url, { network: undefined }).chat.completions.create(question)).rejects.toMatchObject({
      code: 'ERR_ENCRYPTION_UNAVAILABLE'
    })
    expect(seen).toHaveLength(1)
  })
})

describe('the reference client as gateway (v3.md §8)', () => {
  it('streams lines without an end mark, behind leaking headers', async () => {
    const { url } = await serve(async (seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'X-Cocoon-Worker-Start': '1.5' })
      for (const value of [delta('a'), delta('b', 'stop')]) response.write(`${await seal(seen, value)}\n`)
      response.end()
    })
    expect(await collect(client(url))).toBe('ab')
  })

  it('takes an end without reason for a cut', async () => {
    const { url } = await serve(async (seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`${await seal(seen, delta('a'))}\n`)
    })
    await expect(collect(client(url))).rejects.toMatchObject({ code: 'ERR_STREAM_TRUNCATED' })
  })

  it.each([
    [500, 602, 'worker: oops', { code: 'ERR_QUERY_REFUSED', peerCode: 602, peerText: 'worker: oops', charged: 'no' }],
    [400, 621, 'bad', { code: 'ERR_QUERY_REFUSED', peerCode: 621, httpStatus: 400 }],
    [502, 651, 'no ready workers for modelm', { code: 'ERR_QUERY_REFUSED', peerCode: 651 }],
    [500, 602, `unknown public key ${'AB'.repeat(32)}`, { code: 'ERR_ENCRYPTION_UNAVAILABLE', retryable: true }]
  ])('%i with code %i', async (status, code, text, expected) => {
    const { url, seen } = await serve((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: `Internal data: [Error : ${code} : ${text}]`, error_code: code }))
    })
    await expect(client(url).chat.completions.create(question)).rejects.toMatchObject(expected)
    expect(seen).toHaveLength(1)
  })

  it('has no proxy, or closes on a long request', async () => {
    const none = await serve(
      (_, response) => void response.writeHead(503, { 'content-type': 'text/html' }).end('no working proxy connections')
    )
    await expect(client(none.url).chat.completions.create(question)).rejects.toMatchObject({
      code: 'ERR_NO_PROXY',
      retryable: true,
      charged: 'no'
    })
    const closing = await serve((_, response) => void response.destroy())
    const messages = [{ role: 'user' as const, content: 'x'.repeat(600_000) }]
    await expect(client(closing.url).chat.completions.create({ model: 'm', messages })).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      charged: 'unknown',
      retryable: false,
      remedy: expect.stringContaining('1 MiB')
    })
  })
})

describe('a bad gateway', () => {
  const json = { 'content-type': 'application/json' }
  const cases: [string, object, Handler][] = [
    [
      'a page of HTML',
      { code: 'ERR_GATEWAY' },
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hi</h1>')
    ],
    [
      'HTML that says it is JSON',
      { code: 'ERR_STREAM_INVALID' },
      (_, response) => void response.writeHead(200, json).end('<h1>hi</h1>')
    ],
    [
      'an error page',
      { code: 'ERR_GATEWAY', httpStatus: 502 },
      (_, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>bad</h1>')
    ],
    [
      'a redirect',
      { code: 'ERR_GATEWAY_REDIRECT' },
      (_, response) => void response.writeHead(307, { location: 'https://evil.example/v1/chat/completions' }).end()
    ],
    [
      'a redirect to itself',
      { code: 'ERR_GATEWAY_REDIRECT' },
      ({ url }, response) => void response.writeHead(302, { location: url }).end()
    ],
    [
      'refused credentials',
      { code: 'ERR_UNAUTHORIZED', charged: 'no' },
      (_, response) => void response.writeHead(401).end()
    ],
    [
      'an answer in clear',
      { code: 'ERR_ENVELOPE_PLAINTEXT' },
      (_, response) =>
        void response.writeHead(200, EVENTS).end(`data: ${JSON.stringify(delta('clear'))}\n\ndata: [DONE]\n\n`)
    ],
    [
      'events without an end',
      { code: 'ERR_STREAM_TRUNCATED' },
      async (seen, response) =>
        void response.writeHead(200, EVENTS).end(`data: ${await seal(seen, delta('a', 'stop'))}\n\n`)
    ],
    [
      'a connection cut in the middle',
      { code: 'ERR_STREAM_TRUNCATED', charged: 'unknown' },
      async (seen, response) => {
        response.writeHead(200, EVENTS).write(`data: ${await seal(seen, delta('a'))}\n\n`, () => response.destroy())
      }
    ],
    ['an empty stream', { code: 'ERR_STREAM_EMPTY' }, (_, response) => void response.writeHead(200, EVENTS).end()],
    [
      'an event twice',
      { code: 'ERR_ENVELOPE_DECRYPT' },
      async (seen, response) => {
        const event = `data: ${await seal(seen, delta('a'))}\n\n`
        response.writeHead(200, EVENTS).end(`${event}${event}data: [DONE]\n\n`)
      }
    ],
    [
      'our own error',
      { code: 'ERR_LIMIT_EXCEEDED', httpStatus: 402, charged: 'no', retryable: false },
      (_, response) =>
        void response.writeHead(402, json).end(
          JSON.stringify({
            error: { message: 'over budget', code: 'ERR_LIMIT_EXCEEDED', charged: 'no', retryable: false }
          })
        )
    ],
    [
      'an error of the inference server',
      { code: 'ERR_UPSTREAM_HTTP', httpStatus: 422 },
      (_, response) => void response.writeHead(422, json).end(JSON.stringify({ error: { message: 'no' } }))
    ]
  ]

  it.each(cases)('%s', async (_, expected, handler) => {
    const { url, seen } = await serve(handler)
    await expect(collect(client(url))).rejects.toMatchObject(expected)
    expect(seen).toHaveLength(1)
  })

  it('an answer to an earlier request', async () => {
    let first: string | undefined
    const { url } = await serve(async (seen, response) => {
      first ??= `data: ${await seal(seen, delta('a', 'stop'))}\n\ndata: [DONE]\n\n`
      response.writeHead(200, EVENTS).end(first)
    })
    const cocoon = client(url)
    expect(await collect(cocoon)).toBe('a')
    await expect(collect(cocoon)).rejects.toMatchObject({ code: 'ERR_ENVELOPE_SENDER' })
  })

  it('nobody there', async () => {
    await expect(client('http://127.0.0.1:1').chat.completions.create(question)).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST'
    })
  })

  it('a fetch that followed a redirect by itself', async () => {
    const fetch = async (): Promise<Response> =>
      Object.defineProperty(new Response('{}'), 'url', { value: 'https://evil.example/v1/chat/completions' })
    await expect(
      client('', { gateway: { url: 'https://gateway.example', fetch } }).chat.completions.create(question)
    ).rejects.toMatchObject({ code: 'ERR_GATEWAY_REDIRECT' })
  })

  it('headers that cannot be sent are not quoted', async () => {
    const cocoon = client('', { gateway: { url: 'https://gateway.example', headers: { authorization: 'canary\nx' } } })
    const error: unknown = await cocoon.chat.completions.create(question).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'ERR_OPTIONS', field: 'gateway.headers' })
    expect(JSON.stringify(error)).not.toContain('canary')
  })

  it('one that hangs ends with the budget, with abort and with close', async () => {
    const { url } = await serve((_, response) => response.writeHead(200, EVENTS).flushHeaders())
    const cocoon = client(url)
    await expect(cocoon.chat.completions.create(question, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'ERR_TIMEOUT'
    })
    const abort = new AbortController()
    const aborted = cocoon.chat.completions.create(question, { signal: abort.signal })
    setTimeout(() => abort.abort(), 20)
    await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    const pending = expect(collect(cocoon)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    setTimeout(() => void cocoon.close(), 50)
    await pending
    await expect(collect(cocoon)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})

describe('refusals', () => {
  const refusal = { error: { code: 'ERR_LIMIT_EXCEEDED', message: 'over', charged: 'no', type: 'cocoon_error' } }
  const ask = (cocoon: Cocoon): Promise<Response> =>
    cocoon.fetch('https://cocoon.invalid/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question)
    })

  it.each([
    ['our gateway’s error', 402, JSON.stringify(refusal)],
    ['a refusal of credentials', 401, 'no'],
    ['a page', 502, '<html>']
  ])('%s carries the id of the request', async (_name, status, body) => {
    const { url } = await serve((_seen, response) => {
      response.writeHead(status, { 'x-request-id': 'request-7.b' }).end(body)
    })
    const response = await ask(client(url))
    expect(response.ok).toBe(false)
    expect(response.headers.get('x-request-id')).toBe('request-7.b')
  })

  it('an id that cannot be shown is left out', async () => {
    const { url } = await serve((_seen, response) => {
      response.writeHead(402, { 'x-request-id': 'a b<script>' }).end(JSON.stringify(refusal))
    })
    expect((await ask(client(url))).headers.get('x-request-id')).toBeNull()
  })
})
