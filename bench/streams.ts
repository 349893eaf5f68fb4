/**
 * Memory and time of many streams on one connection: 1,000 answers at once, each with parts of about 200 bytes that
 * arrive in turns, as a busy proxy forwards them.
 *
 *   node bench/run.mjs streams [--quick]
 *
 * Prints one JSON object: bytes per open stream (heap and array buffers, after a garbage collection, with parts waiting),
 * and processor time per part for answers of a growing number of parts, which should stay the same.
 *
 * @module
 */
import { performance } from 'node:perf_hooks'

import { encodeTl } from '../src/encoding/tl/index.js'
import type { InferenceAnswer } from '../src/runtime/ports/inference.js'
import type { Clock } from '../src/runtime/ports/clock.js'
import { budget, openBench, PEER, request } from '../test/wire/session/support/scripted-proxy.js'

const isQuick = process.argv.includes('--quick')
const STREAMS = 1000
const WAITING_PARTS = 10
const PARTS_PER_STREAM = isQuick ? [10, 20] : [25, 50, 100, 200]
const part = new Uint8Array(200).fill(0x61)

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now(), setTimer: () => () => {} }
const random = { bytes: (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length)) }

interface Open {
  readonly requestId: Uint8Array
  readonly answer: InferenceAnswer
}

type Bench = Awaited<ReturnType<typeof openBench>>

const openOne = (): ReturnType<typeof openBench> => openBench({ clock, random })

/** Opens the streams, one after the other, up to their heads. */
async function openStreams({ session, proxy }: Bench): Promise<Open[]> {
  const streams: Open[] = []
  for (let index = 0; index < STREAMS; index++) {
    const asking = session.query(request(), { budget: budget(), peer: PEER })
    const { requestId } = await proxy.runQuery()
    await proxy.head(requestId)
    streams.push({ requestId, answer: await asking })
  }
  return streams
}

/** One part for each stream, in one write, as a socket would join them. */
async function round({ proxy }: Bench, streams: readonly Open[], isFinal = false): Promise<void> {
  const frames = streams.map(({ requestId }) => {
    const tokensUsed = {
      promptTokensUsed: 1n,
      cachedTokensUsed: 0n,
      completionTokensUsed: 1n,
      reasoningTokensUsed: 0n,
      totalTokensUsed: 2n
    }
    const finalInfo = isFinal ? { finalInfo: { tokensUsed } } : {}
    const data = encodeTl({ type: 'client.queryAnswerPartEx', requestId, answer: part, ...finalInfo })
    return proxy.frame({ type: 'tcp.packet', data })
  })
  await proxy.stream.write(Buffer.concat(frames))
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function usedBytes(): number {
  ;(globalThis as { gc?: () => void }).gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Bytes of a stream that is open, with and without parts that wait for its reader. */
async function memory(): Promise<{ idle: number; waiting: number; payload: number }> {
  const bench = await openOne()
  const before = usedBytes()
  const streams = await openStreams(bench)
  await turn()
  const idle = (usedBytes() - before) / STREAMS
  for (let index = 0; index < WAITING_PARTS; index++) {
    await round(bench, streams)
    await turn()
  }
  const waiting = (usedBytes() - before) / STREAMS
  await bench.session.close()
  return { idle: Math.round(idle), waiting: Math.round(waiting), payload: WAITING_PARTS * part.length }
}

async function readAll({ answer }: Open): Promise<number> {
  let bytes = 0
  for await (const each of answer.parts) bytes += each.length
  return bytes
}

/** Microseconds of processor time a part, the proxy's share included. */
async function microsecondsPerPart(count: number): Promise<number> {
  const bench = await openOne()
  const streams = await openStreams(bench)
  ;(globalThis as { gc?: () => void }).gc?.()
  const reading = Promise.all(streams.map(readAll))
  const start = process.cpuUsage()
  for (let index = 1; index <= count; index++) {
    await round(bench, streams, index === count)
    await turn()
  }
  const bytes = await reading
  const { user, system } = process.cpuUsage(start)
  if (bytes.some((each) => each !== count * part.length)) throw new Error('lost bytes')
  await bench.session.close()
  return Number(((user + system) / (count * STREAMS)).toFixed(2))
}

const bytesPerStream = await memory()
const perPart: Record<number, number> = {}
await microsecondsPerPart(PARTS_PER_STREAM[0]!)
for (const count of PARTS_PER_STREAM) perPart[count] = await microsecondsPerPart(count)
console.log(JSON.stringify({ streams: STREAMS, bytesPerStream, microsecondsPerPart: perPart }))
if (bytesPerStream.waiting > 32_768) process.exit(1)
