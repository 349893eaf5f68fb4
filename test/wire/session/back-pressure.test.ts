import { describe, expect, test } from 'vitest'
import { settle } from '../../support/fake-clock.js'
import { budget, failure, openBench, PEER, readText, request } from './support/scripted-proxy.js'

const CHUNK = 'x'.repeat(1000)
const limits = { maxBufferedAnswerBytes: 20_000 }

type Bench = Awaited<ReturnType<typeof openBench>>

async function stream({ session, proxy }: Bench) {
  const sending = session.query(request(), { budget: budget(), peer: PEER })
  const { requestId } = await proxy.runQuery()
  await proxy.head(requestId)
  return { requestId, answer: await sending }
}

describe('back-pressure', () => {
  test('one slow reader holds the peer back, and loses nothing', async () => {
    const bench = await openBench({ limits }, { backward: { capacityBytes: 1 } })
    const { requestId, answer } = await stream(bench)
    let sent = 0
    const sending = (async () => {
      for (; sent < 200; sent++) await bench.proxy.part(requestId, CHUNK)
      await bench.proxy.final(requestId)
    })()
    await settle()
    expect(sent).toBeLessThan(20)
    // Held, not dead: the peer still gets pings, and its silence is ours.
    await bench.clock.advance(60_000)
    expect(bench.session.isClosed).toBe(false)
    for (let ping = 0; ping < 6; ping++) await bench.proxy.expect('tcp.ping')
    expect((await readText(answer.parts)).length).toBe(200_000)
    await sending
    expect(await answer.final).toMatchObject({ complete: true })
    await bench.session.close()
    expect(bench.clock.pendingTimers).toBe(0)
  })

  test('a slow reader beside a fast one is not waited for: it alone fails', async () => {
    const bench = await openBench({ limits }, { backward: { capacityBytes: 1 } })
    const slow = await stream(bench)
    const fast = await stream(bench)
    const reading = readText(fast.answer.parts)
    for (let round = 0; round < 50; round++) {
      await bench.proxy.part(slow.requestId, CHUNK)
      await bench.proxy.part(fast.requestId, CHUNK)
    }
    await bench.proxy.final(fast.requestId)
    expect((await reading).length).toBe(50_000)
    expect(await failure(readText(slow.answer.parts))).toMatchObject({
      code: 'ERR_ANSWER_TOO_LARGE',
      charged: 'unknown'
    })
    await bench.proxy.final(slow.requestId)
    await settle()
    expect(bench.session.activeRequests).toBe(0)
  })

  test('a held connection wakes up for a new request', async () => {
    const bench = await openBench({ limits }, { backward: { capacityBytes: 1 } })
    const slow = await stream(bench)
    for (let round = 0; round < 15; round++) void bench.proxy.part(slow.requestId, CHUNK)
    await settle()
    const next = await stream(bench)
    await bench.proxy.final(next.requestId, 'fine')
    expect(await readText(next.answer.parts)).toBe('fine')
  })

  test('a held connection wakes up when the slow request is aborted', async () => {
    const bench = await openBench({ limits }, { backward: { capacityBytes: 1 } })
    const given = budget()
    const sending = bench.session.query(request(), { budget: given, peer: PEER })
    const { requestId } = await bench.proxy.runQuery()
    await bench.proxy.head(requestId)
    await sending
    const peer = (async () => {
      for (let round = 0; round < 100; round++) await bench.proxy.part(requestId, CHUNK)
      await bench.proxy.final(requestId)
    })()
    await settle()
    expect(bench.session.activeRequests).toBe(1)
    given.abort(new Error('no'))
    await peer
    await settle()
    expect(bench.session.activeRequests).toBe(0)
  })

  test('a single message above the limit is taken when nothing else waits', async () => {
    const bench = await openBench({ limits })
    const { requestId, answer } = await stream(bench)
    await bench.proxy.final(requestId, 'y'.repeat(100_000))
    expect((await readText(answer.parts)).length).toBe(100_000)
  })

  test('above the total the heaviest answer gives way', async () => {
    const bench = await openBench({ limits: { maxBufferedTotalBytes: 50_000, maxBufferedAnswerBytes: 40_000 } })
    const first = await stream(bench)
    const second = await stream(bench)
    for (let round = 0; round < 15; round++) await bench.proxy.part(first.requestId, CHUNK)
    for (let round = 0; round < 33; round++) await bench.proxy.part(second.requestId, CHUNK)
    await stream(bench)
    await settle()
    await bench.proxy.part(second.requestId, CHUNK)
    for (let round = 0; round < 10; round++) await bench.proxy.part(first.requestId, CHUNK)
    await bench.proxy.final(first.requestId)
    expect(await failure(readText(second.answer.parts))).toMatchObject({ code: 'ERR_ANSWER_TOO_LARGE' })
    expect((await readText(first.answer.parts)).length).toBe(25_000)
  })

  test('1,000 streams on one connection', async () => {
    const bench = await openBench()
    const streams = []
    for (let index = 0; index < 1000; index++) streams.push(await stream(bench))
    for (let round = 0; round < 5; round++) {
      for (const { requestId } of streams) void bench.proxy.part(requestId, `${round}`)
    }
    for (const { requestId } of streams) void bench.proxy.final(requestId)
    const texts = await Promise.all(streams.map(({ answer }) => readText(answer.parts)))
    expect(new Set(texts)).toEqual(new Set(['01234']))
    expect(bench.session.activeRequests).toBe(0)
  })
})
