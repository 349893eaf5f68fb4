import { describe, expect, it } from 'vitest'

import { ChunkStream, EmptyStreamError, TruncatedStreamError } from '../../../src/client/openai/index.js'
import { CocoonError } from '../../../src/errors.js'
import { settle } from '../../support/fake-clock.js'
import { CHAT, chunk, contents, type Script, surfaceOver, WHOLE } from './fake-transport.js'

const STREAM = { ...CHAT, stream: true } as const
const utf8 = new TextEncoder()

async function read(script: Script): Promise<string[]> {
  const { surface } = surfaceOver(script)
  return contents(await surface.chat.completions.create(STREAM))
}
async function failure(promise: Promise<unknown>): Promise<CocoonError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason
  )
  expect(CocoonError.is(error)).toBe(true)
  return error as CocoonError
}

const FORMS: Record<string, string> = {
  'LF, [DONE]': `data: ${chunk('é🜂')}\n\ndata: ${chunk('b')}\n\ndata: [DONE]\n\n`,
  CRLF: `data: ${chunk('é🜂')}\r\n\r\ndata: ${chunk('b')}\r\n\r\ndata: [DONE]\r\n\r\n`,
  CR: `data: ${chunk('é🜂')}\r\rdata: ${chunk('b')}\r\rdata: [DONE]\r\r`,
  'mark, comments, fields, multi-line data': `\uFEFF: hi\nevent: message\nid: 7\nretry: 5\ndata: ${chunk('é🜂').replace(',"object"', '\ndata: ,"object"')}\n\n: ping\n\ndata:${chunk('b')}\n\n`,
  'unterminated last line': `data: ${chunk('é🜂')}\n\ndata: ${chunk('b')}`,
  'blank data': `data:\n\ndata: ${chunk('é🜂')}\n\ndata: \n\ndata: ${chunk('b')}\n\n`,
  'lines of JSON': `${chunk('é🜂')}\n${chunk('b')}\n`,
  'lines of JSON with [DONE]': `${chunk('é🜂')}\n${chunk('b')}\n[DONE]\nrubbish`,
  'JSON without separators': `\n ${chunk('é🜂')}${chunk('b')}`,
  'pretty-printed JSON': `${JSON.stringify(JSON.parse(chunk('é🜂')), null, 2)}\r\n${JSON.stringify(JSON.parse(chunk('b')), null, 2)}`,
  'strings that look like structure': `${chunk('é🜂')}\n${chunk('b').replace('"m"', '"}]\\\\\\"{["')}\n`,
  'a bare line after [DONE]': `data: ${chunk('é🜂')}\n\ndata: ${chunk('b')}\n\ndata: [DONE]\n\n{"debug":{"proxy":{}}}\n`
}

describe('forms of a stream', () => {
  for (const [name, text] of Object.entries(FORMS)) {
    it(`${name}: whole, byte by byte, and cut at every byte`, async () => {
      const bytes = utf8.encode(text)
      expect(await read({ parts: [bytes] })).toEqual(['é🜂', 'b'])
      expect(await read({ parts: Array.from(bytes, (byte) => Uint8Array.of(byte)) })).toEqual(['é🜂', 'b'])
      for (let cut = 0; cut <= bytes.length; cut++) {
        expect(await read({ parts: [bytes.slice(0, cut), '', bytes.slice(cut)] })).toEqual(['é🜂', 'b'])
      }
    })
  }

  it('yields a whole completion as chunks', async () => {
    const { surface } = surfaceOver({ parts: [WHOLE] })
    const chunks = await collect(await surface.chat.completions.create(STREAM))
    expect(chunks.map(({ object }) => object)).toEqual(Array(3).fill('chat.completion.chunk'))
    expect(chunks[0]?.choices[0]).toMatchObject({
      index: 0,
      delta: { role: 'assistant', content: 'Hi!' },
      finish_reason: null
    })
    expect(chunks[1]?.choices[0]).toEqual({ index: 0, delta: {}, finish_reason: 'stop' })
    expect(chunks[2]).toMatchObject({ z: 1, choices: [], usage: { total_cost: 840 } })
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it('asks for a whole answer with streamFallback', async () => {
    const { surface, transport } = surfaceOver({ parts: [WHOLE] }, { defaults: { streamFallback: 'buffered' } })
    const stream = await surface.chat.completions.create({ ...STREAM, stream_options: { include_usage: true } })
    expect((await contents(stream)).join('')).toBe('Hi!')
    expect(transport.body()).toEqual({ ...CHAT, stream: false })
  })

  it('passes chunks on as received', async () => {
    const text = '{"b":1,"a":{"z":1.50,"__proto__":{"x":1}},"choices":[],"usage":{"total_cost":5}}'
    const { surface } = surfaceOver({ parts: [`data: ${text}\n\n`] })
    const chunks = await collect(await surface.chat.completions.create(STREAM))
    expect(JSON.stringify(chunks[0])).toBe(text.replace('1.50', '1.5'))
  })
})

describe('failures of a stream', () => {
  const after = [`data: ${chunk('a')}\n\n`]
  it.each<[string, Script, string]>([
    ['no part at all', {}, 'ERR_STREAM_EMPTY'],
    ['empty parts and white space', { parts: ['', '\n\n', ' '] }, 'ERR_STREAM_EMPTY'],
    ['only comments', { parts: [': ping\n\n'] }, 'ERR_STREAM_EMPTY'],
    ['only [DONE]', { parts: ['data: [DONE]\n\n'] }, 'ERR_STREAM_EMPTY'],
    ['HTML', { parts: ['<html><body>Bad gateway</body></html>'] }, 'ERR_STREAM_INVALID'],
    ['text', { parts: ['upstream error\n'] }, 'ERR_STREAM_INVALID'],
    ['an event that is no JSON', { parts: [...after, 'data: {"a":\n\n'] }, 'ERR_STREAM_INVALID'],
    ['an event that is no object', { parts: [...after, 'data: [1]\n\n'] }, 'ERR_STREAM_INVALID'],
    ['rubbish between values', { parts: [chunk('a'), '\nnull\n'] }, 'ERR_STREAM_INVALID'],
    ['half a value', { parts: [chunk('a'), '\n{"a":1'] }, 'ERR_STREAM_INVALID'],
    ['an error object', { parts: [...after, 'data: {"error":{"message":"boom"}}\n\n'] }, 'ERR_STREAM_ERROR_EVENT'],
    ['an error event', { parts: [...after, 'event: error\ndata: {"message":"boom"}\n\n'] }, 'ERR_STREAM_ERROR_EVENT'],
    ['an error in the older shape', { parts: ['{"object":"error","message":"boom"}'] }, 'ERR_STREAM_ERROR_EVENT'],
    [
      'a bare error line among events',
      { parts: [...after, '{"error":{"message":"boom"}}\n'] },
      'ERR_STREAM_ERROR_EVENT'
    ],
    [
      'a whole answer with a choice that is none',
      { parts: ['{"choices":[{"message":{"content":"a"}},null]}'] },
      'ERR_STREAM_INVALID'
    ],
    ['no final part', { parts: after, final: { complete: false } }, 'ERR_STREAM_TRUNCATED'],
    [
      'no final part after [DONE]',
      { parts: [...after, 'data: [DONE]\n\n'], final: { complete: false } },
      'ERR_STREAM_TRUNCATED'
    ],
    [
      'a lost connection',
      { parts: [...after, new CocoonError('ERR_CONNECTION_LOST', 'gone', { phase: 'stream' })] },
      'ERR_STREAM_TRUNCATED'
    ],
    [
      'a refusal in the middle',
      { parts: [...after, new CocoonError('ERR_QUERY_REFUSED', 'no', { phase: 'stream', peerCode: 652 })] },
      'ERR_QUERY_REFUSED'
    ],
    ['an unknown failure', { parts: [...after, new RangeError('x')] }, 'ERR_INTERNAL']
  ])('%s', async (_, script, code) => {
    const { surface, transport, clock } = surfaceOver(script)
    const stream = await surface.chat.completions.create(STREAM)
    const seen: unknown[] = []
    const error = await failure(
      (async () => {
        for await (const each of stream) seen.push(each)
      })()
    )
    expect(error.code).toBe(code)
    expect(error instanceof EmptyStreamError).toBe(code === 'ERR_STREAM_EMPTY')
    expect(error instanceof TruncatedStreamError).toBe(code === 'ERR_STREAM_TRUNCATED')
    expect(transport.cancelled).toHaveLength(1)
    expect(clock.pendingTimers).toBe(0)
    if (script.parts !== undefined && [...(script.parts as unknown[])][0] === after[0]) expect(seen).toHaveLength(1)
  })

  it('bounds an event', async () => {
    for (const parts of [
      ['data: ', 'x'.repeat(300)],
      ['{"a":"', 'x'.repeat(300)]
    ]) {
      const { surface } = surfaceOver({ parts }, { limits: { maxEventChars: 200 } })
      const stream = await surface.chat.completions.create(STREAM)
      expect((await failure(contents(stream))).code).toBe('ERR_ANSWER_TOO_LARGE')
    }
  })

  it('ends after its failure', async () => {
    const { surface } = surfaceOver({ parts: ['data: x\n\n'] })
    const iterator = (await surface.chat.completions.create(STREAM))[Symbol.asyncIterator]()
    await failure(iterator.next())
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })
})

describe('ChunkStream', () => {
  const parts = [1, 2, 3].map((index) => `data: ${chunk(String(index))}\n\n`)

  it('aborts on break, and says so to the carrier', async () => {
    const { surface, transport, clock } = surfaceOver({ parts })
    const { data, final } = await surface.chat.completions.create(STREAM).withResponse()
    for await (const each of data) {
      expect(each.choices).toHaveLength(1)
      break
    }
    expect(transport.cancelled).toMatchObject([{ code: 'ERR_ABORTED' }])
    expect(clock.pendingTimers).toBe(0)
    expect((await final).complete).toBe(false)
  })

  it('aborts by its controller, also while a chunk is awaited', async () => {
    const { surface } = surfaceOver({ parts: [parts[0] as string, new Promise(() => {})] })
    const stream = await surface.chat.completions.create(STREAM)
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    const next = failure(iterator.next())
    stream.controller.abort(new Error('enough'))
    expect(await next).toMatchObject({ code: 'ERR_ABORTED', cause: { message: 'enough' } })
  })

  it('ends with the budget, one total for head and stream', async () => {
    const { surface, clock } = surfaceOver({ parts: [parts[0] as string, new Promise(() => {})] })
    const stream = await surface.chat.completions.create(STREAM, { timeoutMs: 50 })
    const reading = failure(contents(stream))
    await clock.advance(49)
    expect(clock.pendingTimers).toBe(1)
    await clock.advance(1)
    expect((await reading).code).toBe('ERR_TIMEOUT')
    expect(clock.pendingTimers).toBe(0)
  })

  it('says that the budget ended in the stream', async () => {
    const { surface, clock } = surfaceOver({ parts: [`data: ${chunk('a')}\n\n`, new Promise(() => {})] })
    const stream = await surface.chat.completions.create(STREAM, { timeoutMs: 1000 })
    const reading = failure(contents(stream))
    await clock.advance(1000)
    expect(await reading).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'stream', charged: 'unknown', httpStatus: 504 })
  })

  it('rejects at once when the signal fires, with buffered chunks dropped', async () => {
    const { surface } = surfaceOver({ parts: [parts.join('')] })
    const controller = new AbortController()
    const stream = await surface.chat.completions.create(STREAM, { signal: controller.signal })
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    controller.abort('stop')
    expect(await failure(iterator.next())).toMatchObject({ code: 'ERR_ABORTED', cause: 'stop' })
  })

  it('keeps the order of concurrent reads', async () => {
    const { surface } = surfaceOver({ parts })
    const iterator = (await surface.chat.completions.create(STREAM))[Symbol.asyncIterator]()
    const steps = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()])
    expect(steps.map(({ value }) => value?.choices[0]?.delta.content)).toEqual(['1', '2', '3', undefined])
    expect(steps[3]?.done).toBe(true)
  })

  it('is read once', async () => {
    const { surface } = surfaceOver({ parts })
    const stream = await surface.chat.completions.create(STREAM)
    await contents(stream)
    await expect(contents(stream)).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  })

  it('tees', async () => {
    const { surface, transport } = surfaceOver({ parts })
    const [left, right] = (await surface.chat.completions.create(STREAM)).tee()
    expect(left).toBeInstanceOf(ChunkStream)
    expect(await contents(left)).toEqual(['1', '2', '3'])
    expect(await contents(right)).toEqual(['1', '2', '3'])
    expect(transport.cancelled).toEqual([])
  })

  it('tees a failure to both branches and aborts only when both leave', async () => {
    const broken = surfaceOver({ parts: [...parts, 'data: x\n\n'] })
    const [left, right] = (await broken.surface.chat.completions.create(STREAM)).tee()
    expect((await failure(contents(left))).code).toBe('ERR_STREAM_INVALID')
    expect((await failure(contents(right))).code).toBe('ERR_STREAM_INVALID')

    const open = surfaceOver({ parts })
    const [one, other] = (await open.surface.chat.completions.create(STREAM)).tee()
    for await (const each of one) if (each.choices) break
    expect(open.transport.cancelled).toEqual([])
    for await (const each of other) if (each.choices) break
    await settle()
    expect(open.transport.cancelled).toHaveLength(1)
  })

  it('a chunk nested too deep to be written again is a typed error, and the call ends', async () => {
    const deep = `{"choices":[{"message":{"content":${'['.repeat(200_000)}${']'.repeat(200_000)}}}]}`
    const asked = surfaceOver({ parts: [deep] })
    const stream = await asked.surface.chat.completions.create(STREAM)
    expect((await failure(new Response(stream.toReadableStream()).text())).code).toBe('ERR_STREAM_INVALID')
    expect(asked.clock.pendingTimers).toBe(0)
    const fetched = surfaceOver({ parts: [deep] })
    const init = { method: 'POST', body: JSON.stringify(STREAM) }
    const reader = (
      (await fetched.surface.fetch('/v1/chat/completions', init)).body as ReadableStream<Uint8Array>
    ).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('"code":"ERR_STREAM_INVALID"')
    await expect(reader.read()).rejects.toThrow()
    expect(fetched.clock.pendingTimers).toBe(0)
  })

  it('becomes lines of JSON', async () => {
    const { surface } = surfaceOver({ parts })
    const text = await new Response((await surface.chat.completions.create(STREAM)).toReadableStream()).text()
    expect(text).toBe([1, 2, 3].map((index) => `${chunk(String(index))}\n`).join(''))
    const left = surfaceOver({ parts })
    await (await left.surface.chat.completions.create(STREAM)).toReadableStream().cancel()
    expect(left.transport.cancelled).toHaveLength(1)
  })
})

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = []
  for await (const each of stream) out.push(each)
  return out
}
