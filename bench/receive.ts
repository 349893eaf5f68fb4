/**
 * Receive path: events per second from the parts of an answer to the chunks that a caller iterates, at about 200 bytes
 * an event. Measures the surface alone, with one event a part (as proxies forward them) and with many (as frames coalesce
 * or a late blob arrives), beside the floor that any client pays: `JSON.parse` of the same texts.
 *
 *   npx esbuild bench/receive.ts --bundle --platform=node --format=esm --outfile=/tmp/receive-bench.mjs && node /tmp/receive-bench.mjs
 *
 * Prints one JSON object; figures are events per second of processor time.
 *
 * @module
 */
import { performance } from 'node:perf_hooks'

import { createOpenAISurface } from '../src/client/openai/index.js'
import type { Clock } from '../src/runtime/ports/clock.js'
import type { InferenceFinal, InferenceTransport } from '../src/runtime/ports/inference.js'

const EVENTS = 400_000
const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now(), setTimer: () => () => {} }
const peer = { address: 'bench', protocolVersion: 4, attestationId: null, verified: false }
const text = (index: number): string =>
  `{"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1760000000,"model":"m","choices":[{"index":0,"delta":{"content":" w${index % 1000}"},"logprobs":null,"finish_reason":null}]}`

/** A carrier whose parts are ready in memory. */
function carrier(parts: readonly Uint8Array[]): InferenceTransport {
  const final: InferenceFinal = {
    tokensUsed: undefined,
    workerDebug: undefined,
    proxyDebug: undefined,
    times: undefined,
    complete: true
  }
  return {
    async send(prepare) {
      await prepare(peer)
      let index = 0
      const iterator: AsyncIterator<Uint8Array> = {
        next: () =>
          Promise.resolve(
            index < parts.length
              ? { done: false, value: parts[index++] as Uint8Array }
              : { done: true, value: undefined }
          )
      }
      return {
        requestId: '00',
        peer,
        status: 200,
        headers: [],
        parts: { [Symbol.asyncIterator]: () => iterator },
        final: Promise.resolve(final),
        cancel: () => {}
      }
    },
    listWorkerTypes: () => Promise.resolve({ peer, types: [] })
  }
}

/** Events per second of processor time, which other work on the machine disturbs less than the wall clock. */
function startStopwatch(): () => number {
  const start = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(start)
    return Math.round((EVENTS / (user + system)) * 1_000_000)
  }
}

async function eventsPerSecond(perPart: number): Promise<number> {
  const encoder = new TextEncoder()
  const parts: Uint8Array[] = []
  for (let index = 0; index < EVENTS; index += perPart) {
    let part = ''
    for (let event = index; event < Math.min(EVENTS, index + perPart); event++) part += `data: ${text(event)}\n\n`
    parts.push(encoder.encode(part))
  }
  parts.push(encoder.encode('data: [DONE]\n\n'))
  const surface = createOpenAISurface({
    transport: carrier(parts),
    clock,
    random: { bytes: (length) => new Uint8Array(length) }
  })
  const stopwatch = startStopwatch()
  const stream = await surface.chat.completions.create({ model: 'm', messages: [], stream: true })
  let count = 0
  for await (const chunk of stream) count += chunk.choices.length
  if (count !== EVENTS) throw new Error(`lost events: ${count}`)
  return stopwatch()
}

function parsesPerSecond(): number {
  const texts = Array.from({ length: 1000 }, (_, index) => text(index))
  const stopwatch = startStopwatch()
  let count = 0
  for (let index = 0; index < EVENTS; index++)
    count += (JSON.parse(texts[index % 1000] as string) as { choices: [] }).choices.length
  if (count !== EVENTS) throw new Error('lost texts')
  return stopwatch()
}

const best = async (run: () => number | Promise<number>): Promise<number> => {
  let most = 0
  for (let round = 0; round < 5; round++) most = Math.max(most, await run())
  return most
}
const jsonParse = await best(parsesPerSecond)
const oneEventAPart = await best(() => eventsPerSecond(1))
const manyEventsAPart = await best(() => eventsPerSecond(64))
console.log(
  JSON.stringify({
    bytesPerEvent: text(0).length + 8,
    jsonParseFloor: jsonParse,
    oneEventAPart,
    manyEventsAPart,
    ratioToFloor: Number((oneEventAPart / jsonParse).toFixed(2))
  })
)
