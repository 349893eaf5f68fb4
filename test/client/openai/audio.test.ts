import { describe, expect, it } from 'vitest'

import { contents, surfaceOver } from './fake-transport.js'

const BYTES = new Uint8Array([0, 255, 13, 10, 45, 45])
const latin = new TextDecoder('latin1')

describe('audio.transcriptions.create', () => {
  it('writes the form that workers read', async () => {
    const { surface, transport } = surfaceOver({ parts: ['{"text":"hi"}\n'] })
    const file = new File([BYTES], 'a;b="c"\r\n=d.wav', { type: 'audio/wav' })
    const answer = await surface.audio.transcriptions.create({
      model: 'w@1',
      file,
      language: 'en',
      temperature: 0.5,
      max_tokens: 3,
      response_format: 'json',
      timeout: 9
    })
    expect(answer).toEqual({ text: 'hi' })
    const request = transport.requests[0]
    const type = request?.headers.find(([name]) => name === 'Content-Type')?.[1] as string
    const boundary = /^multipart\/form-data; boundary=([\w-]+)$/.exec(type)?.[1] as string
    const field = (name: string, value: string): string =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    expect(latin.decode(request?.body)).toBe(
      field('model', 'w') +
        field('language', 'en') +
        field('temperature', '0.5') +
        field('max_tokens', '3') +
        field('response_format', 'json') +
        `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a_b__c____d.wav"\r\nContent-Type: audio/wav\r\n\r\n${latin.decode(BYTES)}\r\n--${boundary}--\r\n`
    )
    expect(request).toMatchObject({ model: 'w', path: '/v1/audio/transcriptions', reservedTokens: 3 })
    expect(transport.budgets[0]?.remainingMs()).toBe(9000)
  })

  it('streams, with the flag as an integer', async () => {
    const { surface, transport } = surfaceOver({ parts: ['data: {"choices":[{"delta":{"content":"x"}}]}\n\n'] })
    expect(
      await contents(await surface.audio.transcriptions.create({ model: 'w', file: BYTES, stream: true }))
    ).toEqual(['x'])
    expect(latin.decode(transport.requests[0]?.body)).toContain('name="stream"\r\n\r\n1\r\n')
    expect(latin.decode(transport.requests[0]?.body)).toContain(
      'filename="audio.wav"\r\nContent-Type: application/octet-stream'
    )
  })

  it.each<[Record<string, unknown>, string]>([
    [{ response_format: 'srt' }, 'response_format'],
    [{ timestamp_granularities: ['word'] }, 'timestamp_granularities'],
    [{ include: [] }, 'include'],
    [{ file: 'path.wav' }, 'file'],
    [{ file: undefined }, 'file'],
    [{ max_tokens: '3' }, 'max_tokens']
  ])('refuses %o', async (extra, field) => {
    const { surface, transport } = surfaceOver({ parts: ['{"text":"hi"}'] })
    await expect(
      surface.audio.transcriptions.create({ model: 'w', file: BYTES, ...extra } as never)
    ).rejects.toMatchObject({ code: 'ERR_REQUEST_FIELD', field })
    expect(transport.requests).toHaveLength(0)
  })

  it('does not exist on older networks', async () => {
    const { surface, transport } = surfaceOver({ peer: { protocolVersion: 2 } })
    await expect(surface.audio.transcriptions.create({ model: 'w', file: BYTES })).rejects.toMatchObject({
      code: 'ERR_REQUEST_INVALID',
      httpStatus: 404
    })
    expect(transport.requests).toHaveLength(0)
  })

  it('takes forms through fetch', async () => {
    const { surface, transport } = surfaceOver({ parts: ['{"text":"hi"}'] })
    const form = new FormData()
    form.set('model', 'w')
    form.set('file', new Blob([BYTES]), 'x.mp3')
    form.set('max_tokens', '4')
    form.set('enable_debug', 'true')
    form.set('timeout', '1.5')
    for (const input of [form, new Response(form)]) {
      const init =
        input instanceof FormData
          ? { body: input }
          : { body: await input.blob(), headers: { 'content-type': input.headers.get('content-type') as string } }
      expect((await surface.fetch('https://h/v1/audio/transcriptions', { method: 'POST', ...init })).status).toBe(200)
    }
    for (const request of transport.requests) {
      expect(request).toMatchObject({ enableDebug: true, reservedTokens: 4 })
      expect(latin.decode(request.body)).toContain('filename="x.mp3"')
      expect(latin.decode(request.body)).not.toContain('timeout')
    }
    const bad = await surface.fetch('https://h/v1/audio/transcriptions', {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'multipart/form-data' }
    })
    expect(bad.status).toBe(400)
  })
})
