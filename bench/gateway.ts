/**
 * What a gateway adds:
 *
 *   node bench/run.mjs gateway [--quick]    (Node needs --expose-gc)
 *
 * Prints one JSON object. (1) Added time: a client that answers at once from memory (1 kB of completion, 10 kB of prompt)
 * is called directly and through the handler, alternating, after a warm-up; the figure is the difference of the medians.
 * Bearer token, budget and receipts are on. (2) Memory of 1,000 streams that are open between two chunks, each with a
 * prompt of 10 kB: `directKib` and `handlerKib` are the growth of heap and external memory after collection, without and
 * with the handler; `socketsKib` is the growth of the resident set of the process with the whole server, `node:http` and
 * sockets included, while another process holds the other ends.
 *
 * @module
 */
import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { bearerTokens, createGateway, memoryBudget } from '../src/gateway.js'
import { toNodeListener } from '../src/node.js'
import { createOpenAISurface, type OpenAISurface } from '../src/client/openai/index.js'
import type { InferenceAnswer, InferencePeer, InferenceTransport } from '../src/runtime/ports/inference.js'
import { systemClock, webRandom } from '../src/runtime/shared/index.js'

const isQuick = process.argv.includes('--quick')
const ROUNDS = isQuick ? 600 : 3000
const STREAMS = 1000
const TOKEN = 'bench-token-0123456789'
const PEER: InferencePeer = {
  address: '127.0.0.1:1',
  protocolVersion: 4,
  attestationId: 'ab'.repeat(32),
  verified: true
}
const FINAL = {
  tokensUsed: { prompt: 1n, cached: 0n, completion: 1n, reasoning: 0n, total: 2n },
  workerDebug: undefined,
  proxyDebug: undefined,
  times: undefined,
  complete: true
}
const encoder = new TextEncoder()
const WHOLE = encoder.encode(
  JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'x'.repeat(1000) }, finish_reason: 'stop' }]
  })
)
const CHUNK = encoder.encode(
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'word ' }, finish_reason: null }] })}\n\n`
)

function answerOf(parts: AsyncIterable<Uint8Array>): InferenceAnswer {
  return {
    requestId: 'cd'.repeat(32),
    peer: PEER,
    status: 200,
    headers: [],
    parts,
    final: Promise.resolve(FINAL),
    cancel: () => {}
  }
}

async function* once(): AsyncGenerator<Uint8Array> {
  yield WHOLE
}

/** One chunk, then silence. */
async function* hanging(): AsyncGenerator<Uint8Array> {
  yield CHUNK
  await new Promise(() => {})
}

function surfaceOver(parts: () => AsyncIterable<Uint8Array>): OpenAISurface {
  const transport: InferenceTransport = {
    send: async (prepare) => {
      await prepare(PEER)
      return answerOf(parts())
    },
    listWorkerTypes: async () => ({ peer: PEER, types: [] })
  }
  return createOpenAISurface({ transport, clock: systemClock, random: webRandom, pricePerTokenNano: 20n })
}

function gatewayOver(surface: OpenAISurface): (request: Request) => Promise<Response> {
  return createGateway({
    cocoon: surface,
    authorize: bearerTokens({ tokens: { [TOKEN]: { user: 'bench' } } }),
    budget: memoryBudget({ totalNano: 10n ** 18n }),
    pricePerTokenNano: 20n,
    limits: { maxConcurrentPerUser: 5000 },
    onReceipt: () => {}
  })
}

const body = (stream: boolean): string =>
  JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'word '.repeat(2000) }] })
const requestOf = (text: string): Request =>
  new Request('http://gateway.test/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: text
  })

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] as number
}

async function measureAdded(): Promise<Record<string, number>> {
  const surface = surfaceOver(once)
  const gateway = gatewayOver(surface)
  const text = body(false)
  const direct: number[] = []
  const through: number[] = []
  for (let count = 0; count < ROUNDS + 500; count++) {
    const first = performance.now()
    await (await surface.fetch(requestOf(text))).text()
    const second = performance.now()
    await (await gateway(requestOf(text))).text()
    const third = performance.now()
    if (count < 500) continue
    direct.push(second - first)
    through.push(third - second)
  }
  direct.sort((a, b) => a - b)
  through.sort((a, b) => a - b)
  const round = (value: number): number => Math.round(value * 1000) / 1000
  return {
    directP50Ms: round(quantile(direct, 0.5)),
    gatewayP50Ms: round(quantile(through, 0.5)),
    addedP50Ms: round(quantile(through, 0.5) - quantile(direct, 0.5)),
    addedP99Ms: round(quantile(through, 0.99) - quantile(direct, 0.99))
  }
}

async function measureStreams(count: number, ask: (text: string) => Promise<Response>): Promise<number> {
  const text = body(true)
  const readers: ReadableStreamDefaultReader<Uint8Array>[] = []
  const open = async (): Promise<void> => {
    const reader = (await ask(text)).body!.getReader()
    await reader.read()
    readers.push(reader)
  }
  for (let index = 0; index < 100; index++) await open()
  collect()
  const before = process.memoryUsage()
  for (let index = 0; index < count; index++) await open()
  collect()
  const after = process.memoryUsage()
  const bytes = after.heapUsed + after.external - before.heapUsed - before.external
  await Promise.all(readers.map((reader) => reader.cancel()))
  return Math.round(bytes / count / 102.4) / 10
}

function collect(): void {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('run with --expose-gc')
  gc()
  gc()
}

/** The whole server, its callers in another process. */
async function measureSockets(count: number): Promise<number> {
  const server = createServer(toNodeListener(gatewayOver(surfaceOver(hanging))))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const callers = fork(fileURLToPath(import.meta.url), ['callers', String((server.address() as AddressInfo).port)])
  const open = (wanted: number): Promise<void> =>
    new Promise((resolve) => {
      callers.once('message', () => resolve())
      callers.send(wanted)
    })
  await open(100)
  collect()
  const before = process.memoryUsage().rss
  await open(count)
  collect()
  const after = process.memoryUsage().rss
  callers.kill()
  server.close()
  server.closeAllConnections()
  return Math.round((after - before) / count / 102.4) / 10
}

/** The other process: opens so many streams as it is told, and says when each has had its first chunk. */
function runCallers(port: number): void {
  const text = body(true)
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n`
  const openOne = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(head + text))
      socket.on('error', reject)
      socket.on('data', (bytes) => {
        if (bytes.includes('word ')) resolve()
      })
    })
  process.on('message', (count: number) => {
    const wanted = Array.from({ length: count }, (_, index) => index)
    void wanted.reduce((before) => before.then(openOne), Promise.resolve()).then(() => process.send?.('open'))
  })
}

async function main(): Promise<void> {
  const added = await measureAdded()
  const surface = surfaceOver(hanging)
  const directKib = await measureStreams(STREAMS, (text) => surface.fetch(requestOf(text)))
  const gateway = gatewayOver(surfaceOver(hanging))
  const handlerKib = await measureStreams(STREAMS, (text) => gateway(requestOf(text)))
  const socketsKib = await measureSockets(STREAMS)
  const streams = { count: STREAMS, directKib, handlerKib, socketsKib }
  process.stdout.write(`${JSON.stringify({ node: process.version, added, streams }, undefined, 2)}\n`)
  process.exit(0)
}

if (process.argv[2] === 'callers') runCallers(Number(process.argv[3]))
else await main()
