/**
 * Receive path: events per second from the bytes of a socket to the chunks that a caller iterates, about 200 bytes an
 * event, one event a part, as proxies forward them. Every stage is measured alone as well, beside the floor that any
 * client pays: `JSON.parse` of the same texts in the same run.
 *
 *   node bench/run.mjs receive-path [--quick]
 *
 * Prints one JSON object: the best of the rounds, as events per second by the wall clock and of processor time (which
 * other work on the machine disturbs less). Setting up, encoding and sending are not part of it.
 *
 * @module
 */
import { performance } from 'node:perf_hooks'

import { encodeTl } from '../src/encoding/tl/index.js'
import { createOpenAISurface, type OpenAISurface } from '../src/client/openai/index.js'
import type { Clock } from '../src/runtime/ports/clock.js'
import type { InferenceTransport } from '../src/runtime/ports/inference.js'
import type { Session } from '../src/wire/session/index.js'
import { openBench, PEER, type ScriptedProxy, tokens } from '../test/wire/session/support/scripted-proxy.js'

const isQuick = process.argv.includes('--quick')
const EVENTS = isQuick ? 40_000 : 200_000
const ROUNDS = isQuick ? 3 : 7
const SOCKET_CHUNK_BYTES = 65_536

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now(), setTimer: () => () => {} }
const random = { bytes: (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length)) }
const text = (index: number): string =>
  `{"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1760000000,"model":"m","choices":[{"index":0,"delta":{"content":" w${index % 1000}"},"logprobs":null,"finish_reason":null}]}`
/** The same with a number that no other event has, so that none can be copied from another. */
const unlike = (index: number): string => text(index).replace('1760000000', String(1_760_000_000 + index))
const encoder = new TextEncoder()
const events = Array.from({ length: 1000 }, (_, index) => encoder.encode(`data: ${text(index)}\n\n`))

interface Speed {
  readonly wall: number
  readonly processor: number
}

/** Events per second since the start. */
function startStopwatch(): () => Speed {
  // What setting up left behind is not ours to collect. Only with --expose-gc.
  ;(globalThis as { gc?: () => void }).gc?.()
  const startMs = performance.now()
  const start = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(start)
    const wallMs = performance.now() - startMs
    return {
      wall: Math.round((EVENTS / wallMs) * 1000),
      processor: Math.round((EVENTS / (user + system)) * 1_000_000)
    }
  }
}

function expectEvents(count: number): void {
  if (count !== EVENTS) throw new Error(`${count} events of ${EVENTS}`)
}

/**
 * The frames of a whole answer, as a socket delivers them. Put together from 1,000 encoded ones in one buffer, so that
 * little garbage of the peer's is left for the stopwatch to see.
 */
function socketChunks(proxy: ScriptedProxy, requestId: Uint8Array): Uint8Array[] {
  const packet = (answer: Uint8Array, isFinal: boolean): Uint8Array => {
    const finalInfo = isFinal ? { finalInfo: { tokensUsed: tokens(10n) } } : {}
    const data = encodeTl({ type: 'client.queryAnswerPartEx', requestId, answer, ...finalInfo })
    return proxy.frame({ type: 'tcp.packet', data })
  }
  const frames = events.map((event) => packet(event, false))
  const last = packet(encoder.encode('data: [DONE]\n\n'), true)
  const stream = new Uint8Array(
    frames.reduce((sum, frame) => sum + frame.length, 0) * (EVENTS / frames.length) + last.length
  )
  const view = new DataView(stream.buffer)
  let seqno = new DataView(frames[0]!.buffer, frames[0]!.byteOffset).getInt32(4, true)
  let used = 0
  for (let index = 0; index <= EVENTS; index++) {
    const frame = index === EVENTS ? last : (frames[index % frames.length] as Uint8Array)
    stream.set(frame, used)
    view.setInt32(used + 4, seqno++, true)
    used += frame.length
  }
  const chunks: Uint8Array[] = []
  for (let at = 0; at < used; at += SOCKET_CHUNK_BYTES) chunks.push(stream.subarray(at, at + SOCKET_CHUNK_BYTES))
  return chunks
}

/** Delivers socket chunks as a loaded socket does: each write is one read of the client. */
async function deliver(proxy: ScriptedProxy, chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of chunks) await proxy.stream.write(chunk)
}

/** A session whose transport holds one socket chunk at a time, as a kernel's buffer does. */
const openSessionBench = (): ReturnType<typeof openBench> =>
  openBench({ clock, random }, { backward: { capacityBytes: SOCKET_CHUNK_BYTES } })

/** Frames, TL, routing: up to the parts of an answer. */
async function sessionAlone(): Promise<Speed> {
  const { session, proxy } = await openSessionBench()
  const budget = { signal: new AbortController().signal, remainingMs: () => 120_000 }
  const asking = session.query(
    {
      model: 'm',
      path: '/v1/chat/completions',
      headers: [],
      body: new Uint8Array(2),
      maxCoefficient: 4000,
      reservedTokens: 10_000,
      enableDebug: false
    },
    { budget, peer: PEER }
  )
  const { requestId } = await proxy.runQuery()
  const sendingHead = proxy.head(requestId)
  const chunks = socketChunks(proxy, requestId)
  await sendingHead
  const { parts } = await asking
  const stopwatch = startStopwatch()
  const delivering = deliver(proxy, chunks)
  let count = -1
  for await (const part of parts) count += part.length > 0 ? 1 : 0
  const speed = stopwatch()
  await delivering
  // Small parts that wait are joined, so that there may be fewer of them than were sent.
  if (count < 1 || count > EVENTS) throw new Error(`${count} parts`)
  await session.close()
  return speed
}

function transportOver(session: Session): InferenceTransport {
  return {
    send: async (prepare, budget) => session.query(await prepare(PEER), { budget, peer: PEER }),
    listWorkerTypes: async (budget) => ({ peer: PEER, types: await session.getWorkerTypes(budget) })
  }
}

async function consume(surface: OpenAISurface, onStart: () => void): Promise<number> {
  const stream = await surface.chat.completions.create({ model: 'm', messages: [], stream: true })
  onStart()
  let count = 0
  for await (const chunk of stream) count += chunk.choices.length
  return count
}

/** All of it. */
async function wholePath(): Promise<Speed> {
  const { session, proxy } = await openSessionBench()
  const surface = createOpenAISurface({ transport: transportOver(session), clock, random })
  let stopwatch: (() => Speed) | undefined
  let delivering: Promise<void> | undefined
  let chunks: Uint8Array[] = []
  const consuming = consume(surface, () => {
    stopwatch = startStopwatch()
    delivering = deliver(proxy, chunks)
  })
  const { requestId } = await proxy.runQuery()
  const sendingHead = proxy.head(requestId)
  chunks = socketChunks(proxy, requestId)
  await sendingHead
  expectEvents(await consuming)
  const speed = (stopwatch as () => Speed)()
  await delivering
  await session.close()
  return speed
}

/** The surface over parts that are here already, so many events a part. */
async function surfaceAlone(perPart: number, textOf = text): Promise<Speed> {
  const parts: Uint8Array[] = []
  for (let index = 0; index < EVENTS; index += perPart) {
    let part = ''
    for (let event = index; event < Math.min(EVENTS, index + perPart); event++) part += `data: ${textOf(event)}\n\n`
    parts.push(encoder.encode(part))
  }
  let index = 0
  const iterator: AsyncIterator<Uint8Array> = {
    next: () =>
      Promise.resolve(
        index < parts.length ? { done: false, value: parts[index++] as Uint8Array } : { done: true, value: undefined }
      )
  }
  const none = { tokensUsed: undefined, workerDebug: undefined, proxyDebug: undefined, times: undefined }
  const transport: InferenceTransport = {
    async send(prepare) {
      await prepare(PEER)
      return {
        requestId: '00',
        peer: PEER,
        status: 200,
        headers: [],
        parts: { [Symbol.asyncIterator]: () => iterator },
        final: Promise.resolve({ ...none, complete: true }),
        cancel: () => {}
      }
    },
    listWorkerTypes: () => Promise.resolve({ peer: PEER, types: [] })
  }
  let stopwatch: (() => Speed) | undefined
  const surface = createOpenAISurface({ transport, clock, random })
  expectEvents(await consume(surface, () => (stopwatch = startStopwatch())))
  return (stopwatch as unknown as () => Speed)()
}

function jsonParse(): Speed {
  const texts = Array.from({ length: 1000 }, (_, index) => text(index))
  const stopwatch = startStopwatch()
  let count = 0
  for (let index = 0; index < EVENTS; index++)
    count += (JSON.parse(texts[index % 1000] as string) as { choices: [] }).choices.length
  expectEvents(count)
  return stopwatch()
}

/** The best of each measure over rounds that take turns, so that no stage has the quiet moments for itself. */
async function compare(runs: Readonly<Record<string, () => Speed | Promise<Speed>>>): Promise<Record<string, Speed>> {
  const best: Record<string, Speed> = {}
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const speed = await run()
      const before = best[name]
      best[name] = {
        wall: Math.max(speed.wall, before?.wall ?? 0),
        processor: Math.max(speed.processor, before?.processor ?? 0)
      }
    }
  }
  return best
}

const best = await compare({
  wholePath,
  sessionAlone,
  surfaceAlone: () => surfaceAlone(1),
  surfaceManyEventsAPart: () => surfaceAlone(64),
  surfaceEventsUnlike: () => surfaceAlone(64, unlike),
  jsonParse
})
const ratioToJsonParse = Number((best['wholePath']!.processor / best['jsonParse']!.processor).toFixed(2))
console.log(
  JSON.stringify({ bytesPerEvent: events[0]!.length, events: EVENTS, rounds: ROUNDS, ...best, ratioToJsonParse })
)
