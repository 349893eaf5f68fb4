/**
 * The same handler under each of the ways in which servers call one: Hono, `node:http`, exported route handlers as Next.js
 * calls them, and the object with `fetch` of Workers. Over a devnet whose evidence is verified, streams included.
 */
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Devnet, fromDevnet, startDevnet } from '../../src/devnet/index.js'
import { bearerTokens, createGateway, type Gateway, type GatewayReceipt } from '../../src/gateway.js'
import { Cocoon } from '../../src/index.js'
import { toNodeListener } from '../../src/node.js'

const TOKEN = 'adapter-test-token'
const ORIGIN = 'https://gateway.test'
const CHAT = { model: 'devnet/echo', messages: [{ role: 'user', content: 'Hello adapters' }] }

type Send = (path: string, init?: RequestInit) => Promise<Response>

let devnet: Devnet
let cocoon: Cocoon
const servers: Server[] = []
const receipts: GatewayReceipt[] = []

beforeAll(async () => {
  devnet = await startDevnet({ difficultyBits: 0, tokenDelayMs: 1 })
  cocoon = new Cocoon(fromDevnet(devnet))
})

afterEach(() => {
  receipts.length = 0
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

afterAll(async () => {
  await cocoon.close()
  await devnet.close()
})

function makeGateway(basePath = ''): Gateway {
  return createGateway({
    cocoon,
    authorize: bearerTokens({ tokens: { [TOKEN]: { user: 'alice' } } }),
    onReceipt: (receipt) => void receipts.push(receipt),
    basePath
  })
}

async function listen(listener: ReturnType<typeof toNodeListener>): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A file `app/api/cocoon/[...path]/route.ts`: one exported function per method. */
function callRoutes(routes: {
  readonly [Method in 'GET' | 'POST' | 'OPTIONS']: (request: Request) => Promise<Response>
}): Send {
  return async (path, init) => {
    const request = new Request(`${ORIGIN}/api/cocoon${path}`, init)
    return await routes[request.method as 'GET' | 'POST' | 'OPTIONS'](request)
  }
}

const ADAPTERS: readonly (readonly [name: string, mount: () => Send | Promise<Send>])[] = [
  [
    'Hono',
    () => {
      const gateway = makeGateway()
      const app = new Hono()
      app.all('*', (c) => gateway(c.req.raw))
      return async (path, init) => await app.request(ORIGIN + path, init)
    }
  ],
  [
    'node:http',
    async () => {
      const origin = await listen(toNodeListener(makeGateway()))
      return (path, init) => fetch(origin + path, init)
    }
  ],
  [
    'Next-style route handlers',
    () => {
      const gateway = makeGateway('/api/cocoon')
      return callRoutes({ GET: gateway, POST: gateway, OPTIONS: gateway })
    }
  ],
  [
    'Workers-style default export',
    () => {
      const worker: { fetch(request: Request, environment: object, context: object): Promise<Response> } = {
        fetch: makeGateway()
      }
      return (path, init) => worker.fetch(new Request(ORIGIN + path, init), {}, {})
    }
  ]
]

function post(body: object, token = TOKEN): RequestInit {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  return { method: 'POST', headers, body: JSON.stringify(body) }
}

function eventsOf(text: string): string[] {
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice(6))
}

interface Choices {
  readonly choices: readonly { readonly message?: { content: string }; readonly delta?: { content?: string | null } }[]
}

describe.each(ADAPTERS)('the gateway under %s', (_name, mount) => {
  test('answers a completion with the figures of the call', async () => {
    const send = await mount()
    const response = await send('/v1/chat/completions', post(CHAT))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(response.headers.get('x-cocoon-verified')).toBe('true')
    expect(((await response.json()) as Choices).choices[0]?.message?.content).toContain('Hello adapters')
    await expect.poll(() => receipts).toMatchObject([{ user: 'alice', outcome: 'complete', charged: 'yes' }])
  })

  test('streams piece by piece, ending in [DONE]', async () => {
    const send = await mount()
    const response = await send('/v1/chat/completions', post({ ...CHAT, stream: true }))
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const decoder = new TextDecoder()
    let text = ''
    let reads = 0
    for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(bytes, { stream: true })
      reads++
    }
    expect(reads).toBeGreaterThan(1)
    const events = eventsOf(text)
    expect(events.at(-1)).toBe('[DONE]')
    const said = events.slice(0, -1).map((event) => (JSON.parse(event) as Choices).choices[0]?.delta?.content ?? '')
    expect(said.join('')).toContain('Hello adapters')
  })

  test('a caller that leaves in mid-stream is counted out', async () => {
    const send = await mount()
    const leaving = new AbortController()
    const response = await send('/v1/chat/completions', { ...post({ ...CHAT, stream: true }), signal: leaving.signal })
    const reader = response.body!.getReader()
    await reader.read()
    leaving.abort()
    await reader.cancel().catch(() => {})
    await expect.poll(() => receipts).toMatchObject([{ outcome: 'cut', charged: 'unknown' }])
  })

  test('refuses strangers, and serves models and health', async () => {
    const send = await mount()
    const refused = await send('/v1/chat/completions', post(CHAT, 'another-token-of-16'))
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ error: { code: 'ERR_UNAUTHORIZED' } })
    const models = await send('/v1/models', { headers: { authorization: `Bearer ${TOKEN}` } })
    expect(await models.json()).toMatchObject({
      object: 'list',
      data: [{ id: 'devnet/echo' }, { id: 'devnet/echo-large' }]
    })
    expect((await send('/healthz')).status).toBe(200)
    expect((await send('/v1/chat/completions', { method: 'OPTIONS' })).status).toBe(204)
  })
})
