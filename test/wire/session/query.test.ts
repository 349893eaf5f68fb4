import { describe, expect, test } from 'vitest'
import { encodeTl, type TlObject } from '../../../src/encoding/tl/index.js'
import { CocoonError } from '../../../src/errors.js'
import type { PaymentNote, RequestSettlement } from '../../../src/runtime/ports/receipt.js'
import type { SessionEvent } from '../../../src/wire/session/index.js'
import { settle } from '../../support/fake-clock.js'
import {
  budget,
  failure,
  httpResponse,
  openBench,
  PEER,
  proxyParams,
  readText,
  request,
  tokens
} from './support/scripted-proxy.js'

type Bench = Awaited<ReturnType<typeof openBench>>

async function sendQuery({ session, proxy }: Bench, given = budget()) {
  const sending = session.query(request(), { budget: given, peer: PEER })
  sending.catch(() => undefined)
  return { sending, ...(await proxy.runQuery()) }
}

describe('query', () => {
  test('yields head, parts in order, and what the final message says', async () => {
    const bench = await openBench()
    const sent: string[] = []
    const asked = request({ onSent: (id) => sent.push(id) })
    const sending = bench.session.query(asked, { budget: budget(100_000), peer: PEER })
    const query = await bench.proxy.runQuery()
    expect(sent).toEqual([Buffer.from(query.requestId).toString('hex')])
    expect(query).toMatchObject({
      modelName: 'test/model',
      maxTokens: 1000,
      maxCoefficient: 4000,
      timeout: 95,
      enableDebug: false
    })
    expect(query.minConfigVersion).toBe(3)
    expect(query.publicKey).toBeUndefined()
    await bench.proxy.head(query.requestId, 201)
    await bench.proxy.part(query.requestId, 'one ')
    await bench.proxy.part(query.requestId, 'two')
    await bench.proxy.final(query.requestId, '!')
    const answer = await sending
    expect(answer).toMatchObject({ status: 201, peer: PEER, requestId: Buffer.from(query.requestId).toString('hex') })
    expect(answer.headers).toEqual([['content-type', 'text/event-stream']])
    expect(await readText(answer.parts)).toBe('one two!')
    expect(await answer.final).toMatchObject({ complete: true, tokensUsed: { prompt: 1n, total: 10n } })
    expect(bench.session.activeRequests).toBe(0)
    await bench.session.close()
    expect(bench.clock.pendingTimers).toBe(0)
  })

  test('the network key goes to version 3 and later, never to an older proxy', async () => {
    const networkPublicKey = new Uint8Array(32).fill(8)
    const young = await openBench({}, {}, { params: proxyParams({ protoVersion: 3 }) })
    void young.session.query(request({ networkPublicKey }), { budget: budget(), peer: PEER }).catch(() => undefined)
    expect((await young.proxy.runQuery()).publicKey).toEqual(networkPublicKey)
    const old = await openBench({}, {}, { params: proxyParams({ protoVersion: 2 }) })
    const error = await failure(old.session.query(request({ networkPublicKey }), { budget: budget(), peer: PEER }))
    expect(error).toMatchObject({ code: 'ERR_ENCRYPTION_UNAVAILABLE', charged: 'no' })
    expect(old.session.activeRequests).toBe(0)
  })

  test('multiplexes by request id, in any order', async () => {
    const bench = await openBench()
    const first = await sendQuery(bench)
    const second = await sendQuery(bench)
    await bench.proxy.head(second.requestId)
    await bench.proxy.head(first.requestId)
    await bench.proxy.part(first.requestId, 'a')
    await bench.proxy.final(second.requestId, 'b')
    await bench.proxy.final(first.requestId, 'c')
    expect(await readText((await second.sending).parts)).toBe('b')
    expect(await readText((await first.sending).parts)).toBe('ac')
  })

  test('version 0 answers, and a body inside the head', async () => {
    const bench = await openBench()
    const { sending, requestId } = await sendQuery(bench)
    const used = { requestId, requestTokensUsed: tokens(0n) }
    const payload = new TextEncoder().encode('head ')
    await bench.proxy.packet({
      type: 'client.queryAnswer',
      answer: httpResponse(200, payload),
      isCompleted: false,
      ...used
    })
    const part: TlObject = {
      type: 'client.queryAnswerPart',
      answer: Uint8Array.of(65),
      isCompleted: true,
      requestId,
      requestTokensUsed: tokens(3n)
    }
    await bench.proxy.packet(part)
    const answer = await sending
    expect(await readText(answer.parts)).toBe('head A')
    expect((await answer.final).tokensUsed?.total).toBe(3n)
  })

  test('a head that is also the end', async () => {
    const bench = await openBench()
    const { sending, requestId } = await sendQuery(bench)
    const finalInfo = { tokensUsed: tokens(0n), workerDebug: 'w', proxyDebug: 'p' }
    await bench.proxy.packet({ type: 'client.queryAnswerEx', requestId, answer: httpResponse(204), finalInfo })
    const answer = await sending
    expect(await readText(answer.parts)).toBe('')
    expect(await answer.final).toMatchObject({ complete: true, workerDebug: 'w', proxyDebug: 'p', times: undefined })
  })

  test.each([
    ['client.queryAnswerError', 621, 400],
    ['client.queryAnswerPartError', 652, 504],
    ['client.queryAnswerErrorEx', 651, 502],
    ['client.queryAnswerErrorEx', 0, undefined]
  ] as const)('%s %d before the head', async (type, errorCode, httpStatus) => {
    const bench = await openBench()
    const { sending, requestId } = await sendQuery(bench)
    const legacy = { requestId, errorCode, error: 'why', requestTokensUsed: tokens(0n) }
    await bench.proxy.packet(
      type === 'client.queryAnswerErrorEx' ? { type, requestId, errorCode, error: 'why' } : { type, ...legacy }
    )
    const error = await failure(sending)
    expect(error).toMatchObject({
      code: 'ERR_QUERY_REFUSED',
      peerCode: errorCode,
      peerText: 'why',
      charged: 'no',
      phase: 'answer'
    })
    expect((error as CocoonError).httpStatus).toBe(httpStatus)
    expect((error as CocoonError).retryable).toBe(errorCode === 651)
    expect(bench.session.activeRequests).toBe(0)
  })

  test('an error inside a stream comes after what was received', async () => {
    const bench = await openBench()
    const { sending, requestId } = await sendQuery(bench)
    await bench.proxy.head(requestId)
    await bench.proxy.part(requestId, 'half')
    await bench.proxy.packet({ type: 'client.queryAnswerErrorEx', requestId, errorCode: 652, error: 'worker: timeout' })
    const answer = await sending
    const iterator = answer.parts[Symbol.asyncIterator]()
    expect(new TextDecoder().decode((await iterator.next()).value)).toBe('half')
    expect(await failure(iterator.next())).toMatchObject({
      code: 'ERR_QUERY_REFUSED',
      phase: 'stream',
      charged: 'unknown'
    })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(await answer.final).toMatchObject({ complete: false })
  })

  test.each([
    ['is no TL', Uint8Array.of(1, 2, 3, 4)],
    ['is something else', encodeTl({ type: 'tcp.ping', id: 1n })],
    ['is empty', new Uint8Array(0)]
  ])('a head that %s fails this request only', async (_, answer) => {
    const bench = await openBench()
    const first = await sendQuery(bench)
    const second = await sendQuery(bench)
    await bench.proxy.packet({ type: 'client.queryAnswerEx', requestId: first.requestId, answer })
    expect(await failure(first.sending)).toMatchObject({ code: 'ERR_ANSWER_INVALID', charged: 'unknown' })
    expect(bench.session.activeRequests).toBe(2)
    await bench.proxy.final(first.requestId)
    await bench.proxy.head(second.requestId)
    await bench.proxy.final(second.requestId, 'fine')
    expect(await readText((await second.sending).parts)).toBe('fine')
    expect(bench.session.activeRequests).toBe(0)
  })

  test.each([
    ['too many headers', Array.from({ length: 1001 }, () => ({ name: '', value: '' }))],
    ['too long headers', [{ name: 'x', value: 'v'.repeat(262_144) }]]
  ])('a head with %s fails this request only', async (_, headers) => {
    const head = (given: typeof headers): Uint8Array =>
      encodeTl({
        type: 'http.response',
        httpVersion: 'HTTP/1.1',
        statusCode: 200,
        reason: 'OK',
        headers: given,
        payload: new Uint8Array(0)
      })
    const bench = await openBench()
    const first = await sendQuery(bench)
    const second = await sendQuery(bench)
    await bench.proxy.packet({ type: 'client.queryAnswerEx', requestId: first.requestId, answer: head(headers) })
    expect(await failure(first.sending)).toMatchObject({
      code: 'ERR_ANSWER_TOO_LARGE',
      phase: 'answer',
      charged: 'unknown'
    })
    const answer = head(Array.from({ length: 1000 }, () => ({ name: 'x', value: 'y'.repeat(100) })))
    await bench.proxy.packet({ type: 'client.queryAnswerEx', requestId: second.requestId, answer })
    expect((await second.sending).headers).toHaveLength(1000)
    expect(bench.session.isClosed).toBe(false)
  })

  test('a part before its head fails this request only', async () => {
    const bench = await openBench()
    const { sending, requestId } = await sendQuery(bench)
    await bench.proxy.part(requestId, 'x')
    expect(await failure(sending)).toMatchObject({ code: 'ERR_ANSWER_INVALID' })
    expect(bench.session.isClosed).toBe(false)
  })

  test('a final_info of a form that nobody knows does not cost a complete answer', async () => {
    const bench = await openBench()
    const { sending, requestId } = await sendQuery(bench)
    await bench.proxy.head(requestId)
    const final = encodeTl({
      type: 'client.queryAnswerPartEx',
      requestId,
      answer: new TextEncoder().encode('end'),
      finalInfo: { tokensUsed: tokens(1n) }
    })
    await bench.proxy.send({ type: 'tcp.packet', data: new Uint8Array([...final, 0, 0, 0, 1]) })
    const answer = await sending
    expect(await readText(answer.parts)).toBe('end')
    expect(await answer.final).toMatchObject({ complete: true, tokensUsed: undefined })
  })

  test('odd figures are passed on as they are', async () => {
    const bench = await openBench()
    const { sending, requestId } = await sendQuery(bench)
    await bench.proxy.head(requestId)
    const times = { proxyStartTime: NaN, proxyEndTime: Infinity, workerStartTime: -1, workerEndTime: 0 }
    const finalInfo = { tokensUsed: tokens(-5n), ...times }
    await bench.proxy.packet({ type: 'client.queryAnswerPartEx', requestId, answer: new Uint8Array(0), finalInfo })
    const { final } = await sending
    expect(await final).toMatchObject({
      complete: true,
      tokensUsed: { total: -5n },
      times: { proxyStart: NaN, proxyEnd: Infinity }
    })
  })

  test('what a session ignores by rule', async () => {
    const events: SessionEvent[] = []
    const bench = await openBench({ onEvent: (event) => events.push(event) })
    const { sending, requestId } = await sendQuery(bench)
    const stranger = new Uint8Array(32).fill(9)
    await bench.proxy.send({ type: 'tcp.packet', data: Uint8Array.of(1, 2, 3, 4) })
    await bench.proxy.send({ type: 'tcp.packet', data: new Uint8Array(0) })
    await bench.proxy.packet({ type: 'client.getWorkerTypes' })
    await bench.proxy.part(stranger, 'x')
    await bench.proxy.send({ type: 'tcp.queryAnswer', id: 1n, data: new Uint8Array(4) })
    await bench.proxy.send({ type: 'tcp.queryError', id: 1n, code: 1, message: '' })
    await bench.proxy.send({ type: 'tcp.connected', id: 1n })
    await bench.proxy.send({ type: 'tcp.query', id: 1n, data: new Uint8Array(4) })
    await bench.proxy.head(requestId)
    await bench.proxy.head(requestId, 500)
    await bench.proxy.final(requestId, 'end')
    await bench.proxy.final(requestId, 'again')
    await bench.proxy.packet({ type: 'client.queryAnswerErrorEx', requestId, errorCode: 1, error: 'late' })
    const answer = await sending
    expect(answer.status).toBe(200)
    expect(await readText(answer.parts)).toBe('end')
    await settle()
    const reasons = events.flatMap((event) => (event.type === 'ignored' ? [event.reason] : []))
    expect(reasons).toEqual([
      'unknown-constructor',
      'unknown-constructor',
      'unknown-constructor',
      'unknown-request',
      'unknown-query',
      'unknown-query',
      'unexpected-type',
      'unexpected-type',
      'unexpected-type',
      'unknown-request',
      'unknown-request'
    ])
    expect(bench.session.isClosed).toBe(false)
  })

  test('a frame that cannot be sent harms nothing', async () => {
    const bench = await openBench()
    const tooLarge = request({ body: new Uint8Array(2 ** 24) })
    const error = await failure(bench.session.query(tooLarge, { budget: budget(), peer: PEER }))
    expect(error).toMatchObject({ code: 'ERR_REQUEST_TOO_LARGE', charged: 'no' })
    expect(bench.session.activeRequests).toBe(0)
    const { sending, requestId } = await sendQuery(bench)
    await bench.proxy.head(requestId)
    await sending
  })
})

describe('abort', () => {
  test('rejects at once, drains the rest, and its charge reaches the observer', async () => {
    const notes: PaymentNote[] = []
    const settlements: RequestSettlement[] = []
    const observer = {
      onPaymentNote: (note: PaymentNote) => notes.push(note),
      onSettlement: (settlement: RequestSettlement) => settlements.push(settlement)
    }
    const bench = await openBench({ observer })
    const given = budget()
    const { sending, requestId } = await sendQuery(bench, given)
    given.abort(new CocoonError('ERR_TIMEOUT', 'over', { phase: 'query' }))
    expect(await failure(sending)).toMatchObject({ code: 'ERR_TIMEOUT', charged: 'unknown', retryable: false })
    expect(bench.session.activeRequests).toBe(1)
    await bench.proxy.head(requestId)
    await bench.proxy.part(requestId, 'nobody reads this')
    await bench.proxy.final(requestId, '', 42n)
    const payment = {
      signedPayment: { type: 'proxy.signedPaymentEmpty' },
      dbTokens: 1n,
      maxTokens: 2n,
      requestTokens: 42n
    } as const
    await bench.proxy.packet({ type: 'proxy.clientRequestPayment', requestId, ...payment })
    await settle()
    expect(bench.session.activeRequests).toBe(0)
    expect(settlements).toMatchObject([{ outcome: 'complete', model: 'test/model', tokensUsed: { total: 42n } }])
    expect(notes.at(-1)).toMatchObject({
      source: 'request',
      requestTokens: 42n,
      totalTokens: 2n,
      signedPayment: undefined
    })
    await bench.session.close()
    expect(bench.clock.pendingTimers).toBe(0)
  })

  test.each(['abort', 'cancel', 'break'] as const)('%s in the middle of a stream', async (how) => {
    const bench = await openBench()
    const given = budget()
    const { sending, requestId } = await sendQuery(bench, given)
    await bench.proxy.head(requestId)
    await bench.proxy.part(requestId, 'one')
    await bench.proxy.part(requestId, 'two')
    const answer = await sending
    await settle()
    const seen: string[] = []
    const reading = (async () => {
      for await (const part of answer.parts) {
        seen.push(new TextDecoder().decode(part))
        if (how === 'break') break
        if (how === 'abort') given.abort(new Error('enough'))
        else answer.cancel(new CocoonError('ERR_ABORTED', 'enough', { phase: 'stream' }))
      }
    })()
    if (how === 'break') await reading
    else expect(await failure(reading)).toMatchObject({ code: 'ERR_ABORTED' })
    expect(seen).toEqual(['one'])
    expect(await answer.final).toMatchObject({ complete: false })
    await bench.proxy.final(requestId)
    await settle()
    expect(bench.session.activeRequests).toBe(0)
  })

  test('before sending nothing leaves', async () => {
    const bench = await openBench()
    const given = budget()
    given.abort(new Error('no'))
    const before = bench.clientStream.bytesWritten
    const error = await failure(bench.session.query(request(), { budget: given, peer: PEER }))
    expect(error).toMatchObject({ code: 'ERR_ABORTED', charged: 'no' })
    expect(bench.clientStream.bytesWritten).toBe(before)
  })

  test('an abandoned request without an end is forgotten after its time', async () => {
    const settlements: RequestSettlement[] = []
    const observer = { onSettlement: (settlement: RequestSettlement) => settlements.push(settlement) }
    const bench = await openBench({ observer, limits: { deadAfterMs: 1e9, pingAfterMs: 1e9 } })
    const given = budget(100_000)
    const { sending } = await sendQuery(bench, given)
    given.abort(new Error('no'))
    await failure(sending)
    await bench.clock.advance(95_000 + 29_999)
    expect(bench.session.activeRequests).toBe(1)
    await bench.clock.advance(1)
    expect(bench.session.activeRequests).toBe(0)
    expect(settlements).toMatchObject([{ outcome: 'lost' }])
  })
})
