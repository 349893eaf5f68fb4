import { describe, expect, it } from 'vitest'

import { redactPrompt } from '../../../src/client/openai/redact.js'
import { CocoonError } from '../../../src/errors.js'
import { surfaceOver } from './fake-transport.js'

const PROMPT = 'Мой пин-код 4711, don\'t tell "anyone"\nplease, it is a secret of mine'
const REQUEST = { model: 'Qwen/Qwen3-32B', messages: [{ role: 'user', content: [{ type: 'text', text: PROMPT }] }] }

describe('redactPrompt', () => {
  it('cuts a whole echo, also escaped as JSON or Python text', () => {
    const ascii = JSON.stringify(PROMPT).replace(
      /[^ -~]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
    )
    for (const echo of [
      PROMPT,
      JSON.stringify(PROMPT),
      JSON.stringify(JSON.stringify(PROMPT)),
      ascii,
      ascii.replace(/\\u/g, '\\\\u')
    ]) {
      const out = redactPrompt(`bad input <${echo}> at line 3`, REQUEST)
      expect(out).toMatch(/^bad input <.{0,4}\[redacted\].{0,4}> at line 3$/)
    }
  })

  it('cuts a part of 16 characters, and a whole string of 8', () => {
    expect(redactPrompt(`near '${PROMPT.slice(20, 40)}'`, REQUEST)).toBe("near '[redacted]'")
    expect(redactPrompt('said hunter22!', { prompt: 'hunter22' })).toBe('said [redacted]!')
    expect(redactPrompt('said hunter2!', { prompt: 'hunter2' })).toBe('said hunter2!')
    expect(redactPrompt('x'.repeat(40), { prompt: 'x'.repeat(20) })).toBe('[redacted]')
  })

  it('leaves names and other words alone', () => {
    const text = 'unknown model Qwen/Qwen3-32B for role user'
    expect(redactPrompt(text, REQUEST)).toBe(text)
    expect(redactPrompt('', REQUEST)).toBe('')
  })

  it('looks into forms', () => {
    const form = new FormData()
    form.set('prompt', 'hunter22')
    expect(redactPrompt('said hunter22!', { form })).toBe('said [redacted]!')
  })

  it('is bounded: a text is dropped whole when the request is too long to compare, also when it contains itself', () => {
    expect(redactPrompt('anything', { prompt: 'x'.repeat(4_194_305) })).toBe('[redacted]')
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    expect(redactPrompt('anything', circular)).toBe('[redacted]')
    const startMs = performance.now()
    redactPrompt('ab'.repeat(2048), { prompt: 'ab'.repeat(2_000_000) })
    redactPrompt('\\'.repeat(4096), { prompt: '\\'.repeat(4_000_000) })
    expect(performance.now() - startMs).toBeLessThan(5000)
  })
})

describe('errors of a call', () => {
  const body = { model: 'm', messages: [{ role: 'user' as const, content: 'PROMPT-CANARY-1234567' }] }
  const echo = 'you said PROMPT-CANARY-1234567, no'
  const cause = new CocoonError('ERR_QUERY_REFUSED', 'x', { phase: 'query', peerText: echo })
  it.each([
    ['a refusal', { error: cause }],
    ['a refusal behind another error', { error: new CocoonError('ERR_NO_PROXY', 'x', { phase: 'query', cause }) }],
    ['an HTTP status', { status: 400, parts: [echo] }],
    ['an answer that is no JSON', { parts: [echo] }],
    ['an error object', { parts: [`{"error":"${echo}"}`] }]
  ])('%s: the echo is cut out everywhere', async (_, script) => {
    for (const stream of [false, true]) {
      const { surface } = surfaceOver(script)
      const error = await (async () => {
        const answer = await surface.chat.completions.create({ ...body, stream } as typeof body)
        for await (const each of answer as unknown as AsyncIterable<unknown>) void each
      })().catch((reason: unknown) => reason)
      expect(CocoonError.is(error)).toBe(true)
      const { inspect } = await import('node:util')
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('CANARY')
      expect(inspect(error, { depth: 9 })).toContain('[redacted]')
    }
  })

  it('the account secret is cut out of bodies too, in its usual spellings', async () => {
    const confidential = ['account-secret-CANARY', 'CANARYCANARY0123456789abcdef']
    for (const text of confidential) {
      const { surface } = surfaceOver({ status: 500, parts: [`{"error":"known: ${text}"}`] }, { confidential })
      const error: unknown = await surface.chat.completions.create(body).catch((reason: unknown) => reason)
      expect((error as CocoonError).peerText).toBe('{"error":"known: [redacted]"}')
    }
  })
})
