import OpenAI, { APIConnectionError, APIError } from 'openai'
import { afterEach, describe, expect, it, vi } from 'vitest'

import { CocoonError } from '../../../src/errors.js'
import { CHAT, chunk, contents, type Script, surfaceOver, type FakeTransport, WHOLE } from './fake-transport.js'

function sdk(script: Script): { client: OpenAI; transport: FakeTransport } {
  const { surface, transport } = surfaceOver(script)
  return {
    client: new OpenAI({ apiKey: 'SECRET-KEY', baseURL: 'https://cocoon.invalid/v1', fetch: surface.fetch }),
    transport
  }
}
const refusal = (peerCode: number, charged: 'no' | 'unknown', retryable = true): CocoonError =>
  new CocoonError('ERR_QUERY_REFUSED', 'refused', { phase: 'query', peerCode, charged, retryable })

describe('the official SDK through fetch', () => {
  afterEach(() => void vi.useRealTimers())

  it('completes and streams', async () => {
    const whole = sdk({ parts: [WHOLE] })
    const {
      data,
      response,
      request_id: id
    } = await whole.client.chat.completions.create({ ...CHAT, stop: 'x' }).withResponse()
    expect(data.choices[0]?.message.content).toBe('Hi!')
    expect(id).toBe('cd'.repeat(32))
    expect(response.headers.get('x-cocoon-proxy')).toBe('127.0.0.1:5222')
    expect(whole.transport.body()['stop']).toEqual(['x'])
    expect(JSON.stringify(whole.transport.requests)).not.toContain('SECRET')

    const streaming = sdk({ parts: [`data: ${chunk('a')}\n\ndata: ${chunk('b')}\n\n`] })
    expect(await contents(await streaming.client.chat.completions.create({ ...CHAT, stream: true }))).toEqual([
      'a',
      'b'
    ])
  })

  it('lists models and transcribes', async () => {
    const { client, transport } = sdk({ parts: ['{"text":"hello"}'] })
    transport.types = [{ name: 'w', workers: [] }]
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['w'])
    expect((await client.models.retrieve('w')).id).toBe('w')
    const file = new File([new Uint8Array([1, 2, 3])], 'a.wav', { type: 'audio/wav' })
    expect((await client.audio.transcriptions.create({ model: 'w', file })).text).toBe('hello')
    expect(transport.requests[0]?.path).toBe('/v1/audio/transcriptions')
  })

  it.each<[string, Script, number, number]>([
    ['a timeout in the network', { error: refusal(652, 'unknown') }, 504, 1],
    [
      'a lost connection after sending',
      { error: new CocoonError('ERR_CONNECTION_LOST', 'x', { phase: 'query', charged: 'unknown' }) },
      502,
      1
    ],
    ['a status of the inference server', { status: 500, parts: ['boom'] }, 500, 1],
    ['an overload of the inference server', { status: 429 }, 429, 1],
    ['an answer without its end', { parts: [WHOLE], final: { complete: false } }, 502, 1],
    ['an answer that is no JSON', { parts: ['<html>'] }, 502, 1],
    ['a field that is refused', { peer: { protocolVersion: 9 }, error: refusal(621, 'no', false) }, 400, 1],
    ['a worker that was busy before it was asked', { error: refusal(651, 'no') }, 502, 3]
  ])('%s', async (_, script, status, queries) => {
    // The SDK's own back-off between repeats passes at once.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const { client, transport } = sdk(script)
    const call = client.chat.completions.create(CHAT).then(
      () => undefined,
      (reason: unknown) => reason
    )
    for (let round = 0; round < 10; round++) await vi.advanceTimersByTimeAsync(10_000)
    const error = await call
    expect(error).toBeInstanceOf(APIError)
    expect((error as APIError).status).toBe(status)
    expect((error as APIError).code).toMatch(/^ERR_/)
    expect(transport.requests).toHaveLength(queries)
  })

  it('throws inside a stream and does not ask again', async () => {
    for (const parts of [
      [`data: ${chunk('a')}\n\n`, new CocoonError('ERR_CONNECTION_LOST', 'x', { phase: 'stream' })],
      []
    ]) {
      const { client, transport } = sdk({ parts })
      const stream = await client.chat.completions.create({ ...CHAT, stream: true })
      await expect(contents(stream)).rejects.toThrow()
      expect(transport.requests).toHaveLength(1)
    }
  })

  it('is aborted by the SDK', async () => {
    const { client, transport } = sdk({ hang: true })
    const controller = new AbortController()
    const call = client.chat.completions.create(CHAT, { signal: controller.signal })
    setImmediate(() => setImmediate(() => controller.abort()))
    await expect(call).rejects.toSatisfy((error) => error instanceof APIError && !(error instanceof APIConnectionError))
    expect(transport.requests.length).toBeLessThanOrEqual(1)
  })
})
