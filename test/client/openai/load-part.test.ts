/** @module */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { loadPart } from '../../../src/client/openai/load-part.js'
import { CocoonError } from '../../../src/errors.js'
import { FakeClock } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'
import { FakeTransport } from './fake-transport.js'

describe('loadPart', () => {
  it('gives the part', async () => {
    expect(await loadPart(() => Promise.resolve(1))).toBe(1)
  })

  it('says in a typed error that nothing was sent, and tries again', async () => {
    const cause = new TypeError('Failed to fetch dynamically imported module')
    let isOffline = true
    const load = (): Promise<string> => (isOffline ? Promise.reject(cause) : Promise.resolve('part'))
    const error: unknown = await loadPart(load).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CocoonError)
    expect(error).toMatchObject({ code: 'ERR_INTERNAL', phase: 'request', charged: 'no', cause })
    isOffline = false
    expect(await loadPart(load)).toBe('part')
  })
})

describe('a surface whose part for forms and sealed bodies cannot be loaded', () => {
  const FORMS = '../../../src/client/openai/forms/index.js'
  const body = { model: 'm', is_encrypted: 'v1', messages: [] }
  beforeEach(() => {
    vi.resetModules()
    vi.doMock(FORMS, () => {
      throw new TypeError('test: failed to fetch dynamically imported module')
    })
  })
  afterEach(() => {
    vi.doUnmock(FORMS)
  })

  it('says so in a typed error, and sends nothing', async () => {
    const { createOpenAISurface } = await import('../../../src/client/openai/index.js')
    const transport = new FakeTransport({ parts: ['{}'] })
    const surface = createOpenAISurface({ transport, clock: new FakeClock(), random: new SeededRandom() })
    const form = new FormData()
    form.set('model', 'm')
    form.set('file', new Blob(['sound']), 'a.wav')
    const calls = [
      () => surface.chat.completions.create(body),
      () => surface.audio.transcriptions.create({ model: 'm', file: new Blob(['sound']) }),
      () => surface.fetch('/v1/chat/completions', { method: 'POST', body: JSON.stringify(body) }).then(failed),
      () => surface.fetch('/v1/audio/transcriptions', { method: 'POST', body: form }).then(failed)
    ]
    for (const call of calls) {
      const error: unknown = await Promise.resolve(call()).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'ERR_INTERNAL', charged: 'no' })
    }
    expect(transport.requests).toEqual([])
  })
})

/** What a response says of the error behind it. */
async function failed(response: Response): Promise<unknown> {
  const { error } = (await response.json()) as { error: { code: string; charged?: string } }
  return { charged: 'no', ...error }
}
