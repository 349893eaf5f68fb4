import { describe, expect, test } from 'vitest'
import { encodeTl } from '../../../src/encoding/tl/index.js'
import type { RequestSettlement } from '../../../src/runtime/ports/receipt.js'
import { settle } from '../../support/fake-clock.js'
import { budget, failure, openBench, PEER, readText, request } from './support/scripted-proxy.js'

describe('close', () => {
  test('rejects everything pending with ERR_CLOSED, and releases stream and timers', async () => {
    const settlements: RequestSettlement[] = []
    const bench = await openBench({ observer: { onSettlement: (settlement) => void settlements.push(settlement) } })
    const { session, proxy } = bench
    const waiting = session.query(request(), { budget: budget(), peer: PEER })
    waiting.catch(() => undefined)
    await proxy.runQuery()
    const streaming = session.query(request(), { budget: budget(), peer: PEER })
    const { requestId } = await proxy.runQuery()
    await proxy.head(requestId)
    const answer = await streaming
    const listing = session.getWorkerTypes(budget())
    listing.catch(() => undefined)
    await settle()
    await session.close()
    expect(await failure(waiting)).toMatchObject({ code: 'ERR_CLOSED', charged: 'unknown', retryable: false })
    expect(await failure(readText(answer.parts))).toMatchObject({ code: 'ERR_CLOSED', charged: 'unknown' })
    expect(await failure(listing)).toMatchObject({ code: 'ERR_CLOSED', charged: 'no' })
    expect(await answer.final).toMatchObject({ complete: false })
    expect(settlements.map(({ outcome }) => outcome)).toEqual(['lost', 'lost'])
    expect(await session.closed).toMatchObject({ code: 'ERR_CLOSED' })
    expect(session.isClosed).toBe(true)
    expect(bench.clientStream.isClosed).toBe(true)
    expect(bench.clock.pendingTimers).toBe(0)
    expect(await failure(session.query(request(), { budget: budget(), peer: PEER }))).toMatchObject({
      code: 'ERR_CLOSED',
      charged: 'no'
    })
    expect(await failure(session.getWorkerTypes(budget()))).toMatchObject({ code: 'ERR_CLOSED' })
    await session.close()
    expect(session.protocolVersion).toBe(4)
  })

  test('a complete answer stays readable', async () => {
    const { session, proxy } = await openBench()
    const sending = session.query(request(), { budget: budget(), peer: PEER })
    const { requestId } = await proxy.runQuery()
    await proxy.head(requestId)
    await proxy.final(requestId, 'all of it')
    const answer = await sending
    await settle()
    await session.close()
    expect(await readText(answer.parts)).toBe('all of it')
  })
})

describe('the connection', () => {
  test.each(['end', 'reset'] as const)('%s: pending requests are lost, and may have been charged', async (how) => {
    const { session, proxy, clock } = await openBench()
    const waiting = session.query(request(), { budget: budget(), peer: PEER })
    waiting.catch(() => undefined)
    await proxy.runQuery()
    await proxy.stream.close(how === 'reset' ? 'reset' : undefined)
    expect(await failure(waiting)).toMatchObject({ code: 'ERR_CONNECTION_LOST', charged: 'unknown', retryable: false })
    expect(await session.closed).toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    const error = await failure(session.query(request(), { budget: budget(), peer: PEER }))
    expect(error).toMatchObject({ code: 'ERR_CONNECTION_LOST', charged: 'no', retryable: true })
    expect(clock.pendingTimers).toBe(0)
  })

  test.each([
    ['a wrong sequence number', Uint8Array.of(12, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0), 'ERR_FRAME_SEQNO'],
    ['a length of 3', Uint8Array.of(3, 0, 0, 0, 3, 0, 0, 0), 'ERR_FRAME_SIZE'],
    ['a length above 2^24', Uint8Array.of(1, 0, 0, 1), 'ERR_FRAME_SIZE'],
    ['an unknown constructor', Uint8Array.of(4, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4), 'ERR_TL_DECODE'],
    [
      'trailing bytes',
      Uint8Array.of(5, 0, 0, 0, 3, 0, 0, 0, ...encodeTl({ type: 'client.requestRefund' }), 0),
      'ERR_TL_DECODE'
    ],
    [
      'no transport message',
      Uint8Array.of(4, 0, 0, 0, 3, 0, 0, 0, ...encodeTl({ type: 'client.requestRefund' })),
      'ERR_PROTOCOL'
    ]
  ])('ends with a typed error on %s', async (_, bytes, code) => {
    const { session, proxy, clientStream } = await openBench()
    const waiting = session.query(request(), { budget: budget(), peer: PEER })
    waiting.catch(() => undefined)
    await proxy.stream.write(bytes)
    expect(await session.closed).toMatchObject({ code })
    expect(await failure(waiting)).toMatchObject({ code, charged: 'unknown' })
    expect(clientStream.isClosed).toBe(true)
  })
})

describe('keep-alive', () => {
  test('pings once per silence of 10 s, dies after 20 s without a complete frame', async () => {
    const { session, proxy, clock } = await openBench()
    const waiting = session.query(request(), { budget: budget(), peer: PEER })
    waiting.catch(() => undefined)
    await proxy.runQuery()
    await clock.advance(9_999)
    await clock.advance(1)
    await proxy.expect('tcp.ping')
    // Bytes that complete no frame are no life.
    await proxy.stream.write(Uint8Array.of(12, 0, 0, 0))
    await clock.advance(9_999)
    expect(session.isClosed).toBe(false)
    await clock.advance(1)
    expect(await session.closed).toMatchObject({ code: 'ERR_IDLE_TIMEOUT' })
    expect(await failure(waiting)).toMatchObject({ code: 'ERR_IDLE_TIMEOUT', charged: 'unknown' })
    expect(clock.pendingTimers).toBe(0)
  })

  test('any complete frame is life', async () => {
    const { session, proxy, clock } = await openBench()
    for (let round = 0; round < 6; round++) {
      await clock.advance(10_000)
      const { id } = await proxy.expect('tcp.ping')
      await proxy.send({ type: 'tcp.pong', id })
      await settle()
    }
    expect(session.isClosed).toBe(false)
  })

  test('pings also while an answer streams without a pause: the server counts our frames', async () => {
    const { session, proxy, clock } = await openBench()
    const sending = session.query(request(), { budget: budget(), peer: PEER })
    const { requestId } = await proxy.runQuery()
    await proxy.head(requestId)
    const answer = await sending
    const reading = readText(answer.parts)
    for (let second = 0; second < 25; second++) {
      await proxy.part(requestId, '.')
      await clock.advance(1_000)
    }
    await proxy.expect('tcp.ping')
    await proxy.expect('tcp.ping')
    await proxy.final(requestId)
    expect(await reading).toHaveLength(25)
  })

  test('answers pings, at most one pong waiting while the transport does not drain', async () => {
    const bench = await openBench({}, { forward: { capacityBytes: 1 } })
    const before = bench.clientStream.bytesWritten
    for (let id = 0n; id < 10_000n; id++) void bench.proxy.send({ type: 'tcp.ping', id })
    await settle()
    expect(bench.clientStream.bytesWritten - before).toBeLessThanOrEqual(2 * 20)
    expect((await bench.proxy.expect('tcp.pong')).id).toBe(0n)
    expect((await bench.proxy.expect('tcp.pong')).id).toBe(9_999n)
  })
})

describe('control queries', () => {
  test('getWorkerTypes asks V2 and takes answers in any order', async () => {
    const { session, proxy } = await openBench()
    const listing = session.getWorkerTypes(budget())
    const status = session.updatePaymentStatus(budget())
    const first = await proxy.expect('tcp.query')
    const second = await proxy.expect('tcp.query')
    const data = encodeTl({
      type: 'client.paymentStatus',
      signedPayment: { type: 'proxy.signedPaymentEmpty' },
      dbTokens: 3n,
      maxTokens: 4n
    })
    await proxy.send({ type: 'tcp.queryAnswer', id: second.id, data })
    const workers = [{ coefficient: 1000, activeRequests: 3, maxActiveRequests: 60 }]
    await proxy.send({
      type: 'tcp.queryAnswer',
      id: first.id,
      data: encodeTl({ type: 'client.workerTypesV2', types: [{ name: 'm', workers }] })
    })
    expect(await status).toEqual({ source: 'status', signedPayment: undefined, committedTokens: 3n, totalTokens: 4n })
    expect(await listing).toEqual([{ name: 'm', workers }])
  })

  test('falls back to V1 without its sentinel', async () => {
    const { session, proxy } = await openBench()
    const listing = session.getWorkerTypes(budget())
    await proxy.refuse(0, 'Lost promise')
    const none = 2_147_483_647
    await proxy.answer({
      type: 'client.workerTypes',
      types: [
        { name: 'a', activeWorkers: 2, coefficientMin: 900, coefficientBucket50: 1000, coefficientMax: none },
        { name: 'b', activeWorkers: 0, coefficientMin: none, coefficientBucket50: none, coefficientMax: none }
      ]
    })
    expect(await listing).toMatchObject([
      { name: 'a', workers: [{ coefficient: 900 }, { coefficient: 1000 }] },
      { name: 'b', workers: [] }
    ])
  })

  test('a wrong or broken answer fails the query only; its budget ends it', async () => {
    const { session, proxy } = await openBench()
    const wrong = session.updatePaymentStatus(budget())
    await proxy.answer({ type: 'client.workerTypesV2', types: [] })
    expect(await failure(wrong)).toMatchObject({ code: 'ERR_PROTOCOL' })
    const broken = session.updatePaymentStatus(budget())
    const { id } = await proxy.expect('tcp.query')
    await proxy.send({ type: 'tcp.queryAnswer', id, data: Uint8Array.of(1, 2, 3, 4) })
    expect(await failure(broken)).toMatchObject({ code: 'ERR_TL_DECODE' })
    const given = budget()
    const slow = session.updatePaymentStatus(given)
    given.abort(new Error('no'))
    expect(await failure(slow)).toMatchObject({ code: 'ERR_ABORTED' })
    expect(session.isClosed).toBe(false)
  })
})
