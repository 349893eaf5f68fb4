import { describe, expect, it } from 'vitest'
import { WorkerRejection } from '../../../src/devnet/worker/rejection.js'
import { rewriteRequest2026 } from '../../../src/devnet/worker/request-2026.js'

const user = { role: 'user', content: 'x' }
const chat = { model: 'm', messages: [user] }

function outcome(action: () => Uint8Array): string {
  try {
    return new TextDecoder().decode(action())
  } catch (error) {
    if (error instanceof WorkerRejection) return `${error.code} ${error.message}`
    throw error
  }
}

function rewrite(body: object | string, path = '/v1/chat/completions'): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return outcome(() => rewriteRequest2026(path, '', new TextEncoder().encode(text), 'm').body)
}

const message = (value: object): string => rewrite({ model: 'm', messages: [value] })

describe('rewriteRequest2026', () => {
  // v3.md §3.1–3.2, texts of the sheet.
  it.each([
    [{ tools: [] }, "621  has unknown field 'tools'"],
    [{ logit_bias: {} }, "621  has unknown field 'logit_bias'"],
    [{ response_format: { type: 'json_object' } }, "621 .response_format has unknown field 'type'"],
    [{ stop: 'x' }, '621 .stop must be an array'],
    [{ stop: null }, '621 .stop must be an array'],
    [{ service_tier: 'auto' }, '621 .service_tier must be an integer'],
    [{ audio: { format: 'wav', voice: {} } }, '621 .audio.voice must be an array'],
    [{ temperature: '1' }, '621 .temperature must be a number'],
    [{ model: 3 }, '621 .model must be a string'],
    [
      { stream: true, stream_options: { include_obfuscation: true } },
      "621 .stream_options has unknown field 'include_obfuscation'"
    ]
  ])('%j is %s', (change, text) => {
    expect(rewrite({ ...chat, ...change })).toBe(text)
  })

  it('tells integers from floats', () => {
    expect(rewrite('{"model":"m","messages":[],"n":1.0}')).toBe('621 .n must be an integer')
    expect(rewrite('{"model":"m","messages":[],"n":0,"temperature":99}')).toContain('"n":0')
  })

  it.each([
    [{}, '"model":"m"}'],
    [{ stream: true }, '"stream":true,"stream_options":{"include_usage":true}}'],
    [{ stream_options: { include_obfuscation: 3 } }, '"model":"m"}'],
    [{ max_completion_tokens: 5, max_tokens: 7 }, '{"max_completion_tokens":7,"max_tokens":7,']
  ])('%j is rewritten', (change, part) => {
    expect(rewrite({ ...chat, ...change })).toContain(part)
  })

  // v3.md §3.3.
  it.each([
    [{ role: 'wizard', content: 'x' }, '621 .messages[0] has unknown role wizard'],
    [{ content: 'x' }, "621 '.messages[0]' must have a field 'role'"],
    [{ role: 'user' }, "621 '.messages[0]' must have a field 'content'"],
    [{ role: 'assistant', content: null }, '621 .messages[0].content must be a string'],
    [{ role: 'assistant', reasoning_content: 'x' }, "621 .messages[0] has unknown field 'reasoning_content'"],
    [{ role: 'tool', content: 'x', tool_call_id: '1', name: 'y' }, "621 .messages[0] has unknown field 'name'"],
    [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] },
      "621 .messages[0].content[0] has unknown field 'image_url'"
    ],
    [{ role: 'user', content: [{ type: 'video' }] }, '621 .messages[0].content[0] has unknown type video'],
    [{ role: 'user', content: [{ type: 'text' }] }, "621 '.messages[0].content[0]' must have a field 'text'"]
  ])('message %j is %s', (value, text) => {
    expect(message(value)).toBe(text)
  })

  it.each([
    [{ role: 'assistant', tool_calls: [{ type: 'function', id: '1', function: { name: 'f', arguments: '{}' } }] }],
    [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'x' },
          { type: 'image', image: { url: 'u' } }
        ]
      }
    ],
    [{ role: 'function', name: 'f', content: 'x' }]
  ])('message %j passes', (value) => {
    expect(message(value)).toMatch(/^\{/)
  })

  it('completions take integers for nothing but counts', () => {
    const path = '/v1/completions'
    expect(rewrite({ model: 'm', prompt: 'x', logprobs: 3 }, path)).toBe('621 .logprobs must be a boolean')
    expect(rewrite({ model: 'm', prompt: [1] }, path)).toBe('621 .prompt[0] must be a string')
    expect(rewrite({ model: 'm', prompt: 'x', suffix: 's', response_format: {} }, path)).toBe(
      "621  has unknown field 'response_format'"
    )
  })
})

describe('audio transcriptions', () => {
  const type = 'multipart/form-data; boundary=B'
  const form = (parts: Record<string, string>): string =>
    Object.entries(parts)
      .map(([name, value]) => `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      .join('') + '--B--\r\n'
  const transcribe = (parts: Record<string, string>, contentType = type): string =>
    outcome(
      () => rewriteRequest2026('/v1/audio/transcriptions', contentType, new TextEncoder().encode(form(parts)), 'm').body
    )

  it('re-serialises parts sorted by name', () => {
    expect(transcribe({ model: 'm', file: '\r\nbytes' })).toBe(
      '--B\r\nContent-Disposition: form-data; name="file"\r\n\r\n\r\nbytes\r\n--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--B--\r\n'
    )
  })

  it.each([
    [{ model: 'm', file: 'x', response_format: 'text' }, "602 response_format must be 'json'"],
    [{ model: 'm', file: 'x', stream: 'true' }, '621 .stream must be an integer'],
    [{ model: 'm', file: 'x', include: 'y' }, '621 .include must be an array'],
    [{ model: 'm', file: 'x', 'timestamp_granularities[]': 'y' }, "621  has unknown field 'timestamp_granularities[]'"],
    [{ model: 'm' }, "621 '' must have a field 'file'"],
    [{ model: 'n', file: 'x' }, '621 model name mismatch']
  ])('%j is %s', (parts, text) => {
    expect(transcribe(parts)).toBe(text)
  })

  it.each([
    ['application/json', '621 expected multipart/form-data content type, found application/json'],
    ['multipart/form-data;boundary=B', '621 cannot find boundary in content type'],
    ['multipart/form-data; boundary=B; charset=x', '621 cannot find boundary in content type']
  ])('%s', (contentType, text) => {
    expect(transcribe({ model: 'm', file: 'x' }, contentType)).toBe(text)
  })

  it('takes a quoted boundary', () => {
    expect(transcribe({ model: 'm', file: 'x' }, 'multipart/form-data; boundary="B"')).toMatch(/^--B/)
  })
})
