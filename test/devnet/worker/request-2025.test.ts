import { describe, expect, it } from 'vitest'
import { WorkerRejection } from '../../../src/devnet/worker/rejection.js'
import { rewriteRequest2025 } from '../../../src/devnet/worker/request-2025.js'

const CHAT = '/v1/chat/completions'
const chat = { model: 'm', messages: [] }

function rewrite(body: object | string, path = CHAT): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  try {
    return new TextDecoder().decode(rewriteRequest2025(path, text, 'm').body)
  } catch (error) {
    if (error instanceof WorkerRejection) return `${error.code} ${error.message}`
    throw error
  }
}

describe('rewriteRequest2025', () => {
  // session.md §6.5.
  it.each([
    [{ ...chat }, '{"messages":[],"model":"m"}'],
    [{ ...chat, stream: true }, '{"messages":[],"model":"m","stream":true,"stream_options":{"include_usage":true}}'],
    [
      { ...chat, stream_options: { include_usage: false } },
      '{"messages":[],"model":"m","stream":true,"stream_options":{"include_usage":true}}'
    ],
    [
      { ...chat, stream: false, stream_options: {} },
      '{"messages":[],"model":"m","stream":false,"stream_options":{"include_usage":true}}'
    ],
    [{ ...chat, max_tokens: 5 }, '{"max_tokens":5,"messages":[],"model":"m"}']
  ])('%j becomes %s', (body, text) => {
    expect(rewrite(body)).toBe(text)
  })

  it.each(['tools', 'seed', 'logprobs', 'logit_bias', 'user', 'metadata', 'top_k', 'guided_json', '__proto__'])(
    'refuses %s',
    (key) => {
      expect(rewrite(`{"model":"m","messages":[],"${key}":1}`)).toBe(`621 unknown option '${key}' in request`)
    }
  )

  it.each([
    [{ ...chat, frequency_penalty: 2.5 }],
    [{ ...chat, max_tokens: -1 }],
    [{ ...chat, n: 0 }],
    [{ ...chat, prediction: {} }],
    [{ ...chat, stream: 1 }],
    [{ ...chat, stream_options: { other: true } }],
    [{ ...chat, chat_template_kwargs: { enable_thinking: 1 } }]
  ])('refuses %j', (body) => {
    expect(rewrite(body)).toMatch(/^621 option '/)
  })

  it('lets pass what it does not look into', () => {
    expect(
      rewrite({ ...chat, response_format: { type: 'json_object' }, stop: 'x', prediction: 1, top_logprobs: 3 })
    ).toContain('"stop":"x"')
  })

  it('completions differ', () => {
    expect(rewrite({ model: 'm', prompt: [1, 2], seed: 4, suffix: true, best_of: 2 }, '/v1/completions')).toContain(
      '"seed":4'
    )
    expect(rewrite({ model: 'm', prompt: 'x', suffix: 'y' }, '/v1/completions')).toMatch(/^621/)
  })

  it('refuses other paths, models and bodies', () => {
    expect(rewrite(chat, '/v1/models')).toBe('621 unsupported method')
    expect(rewrite(chat, '/v1/chat/completions?x=1')).toBe('621 unsupported method')
    expect(rewrite(chat, '/v1/audio/transcriptions')).toBe('621 unsupported method')
    expect(rewrite({ ...chat, model: 'other' })).toBe('621 model name mismatch')
    for (const body of ['[]', 'null', '{', '']) expect(rewrite(body)).toBe('621 expected json object')
    expect(rewrite({ model: 'm' })).toMatch(/messages/)
  })
})
