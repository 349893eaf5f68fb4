import { describe, expect, it } from 'vitest'

import { PROTO_3_RULES, type RequestRules } from '../../../src/client/openai/index.js'
import { CHAT, surfaceOver, WHOLE } from './fake-transport.js'

type Body = Record<string, unknown>
const V2 = { protocolVersion: 2 }
const V4 = { protocolVersion: 4 }
const say = (...messages: unknown[]): Body => ({ model: 'm', messages })

async function send(
  peer: { protocolVersion: number },
  body: Body,
  options: { translate?: boolean; rules?: RequestRules | 'proto-2' } = {}
): Promise<Body> {
  const { rules = 'auto', translate } = options
  const { surface, transport } = surfaceOver({ parts: [WHOLE], peer }, { rules })
  const create = ('prompt' in body ? surface.completions.create : surface.chat.completions.create) as (
    body: unknown,
    options?: unknown
  ) => Promise<unknown>
  try {
    await create(body, { translate })
  } catch (error) {
    expect(transport.requests).toHaveLength(0)
    throw error
  }
  return transport.body()
}

describe('fields that the worker would refuse', () => {
  it.each<[typeof V2, Body, string]>([
    [V4, { ...CHAT, tools: [{ type: 'function' }] }, 'tools'],
    [V4, { ...CHAT, response_format: { type: 'json_object' } }, 'response_format.type'],
    [V4, { ...CHAT, service_tier: 'flex' }, 'service_tier'],
    [V4, { ...CHAT, top_k: 4 }, 'top_k'],
    [V4, { ...CHAT, seed: 1.5 }, 'seed'],
    [V4, { ...CHAT, seed: 1e21 }, 'seed'],
    [V4, { ...CHAT, temperature: '1' }, 'temperature'],
    [V4, { ...CHAT, temperature: Number.NaN }, 'temperature'],
    [V4, { ...CHAT, stop: ['a', 1] }, 'stop[1]'],
    [V4, { ...CHAT, max_tokens: -1 }, 'max_tokens'],
    [V4, { ...CHAT, max_tokens: 5_000_000_000 }, 'max_tokens'],
    [V4, { ...CHAT, max_coefficient: -1 }, 'max_coefficient'],
    [V4, { ...CHAT, timeout: 'x' }, 'timeout'],
    [V4, { ...CHAT, constructor: 1 }, 'constructor'],
    [V4, JSON.parse('{"model":"m","messages":[],"__proto__":{"x":1}}') as Body, '__proto__'],
    [
      V4,
      { ...CHAT, stream: true, stream_options: { include_obfuscation: true } },
      'stream_options.include_obfuscation'
    ],
    [V4, { model: 'm' }, 'messages'],
    [V4, { messages: [] }, 'model'],
    [V4, { model: '', messages: [] }, 'model'],
    [V4, { model: 'm', messages: 'x' }, 'messages'],
    [
      V4,
      say({
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: 'x' } }
        ]
      }),
      'messages[0].content[1].image_url'
    ],
    [
      V4,
      say({ role: 'user', content: [{ type: 'input_audio', input_audio: { format: 'wav', data: 'AAA=' } }] }),
      'messages[0].content[0].input_audio.data'
    ],
    [V4, say({ role: 'user', content: [{ type: 'video' }] }), 'messages[0].content[0].type'],
    [V4, say({ role: 'user', content: null }), 'messages[0].content'],
    [V4, say({ role: 'robot', content: 'x' }), 'messages[0].role'],
    [V4, say('x'), 'messages[0]'],
    [V4, say({ role: 'tool', tool_call_id: '1', content: 'x', name: 'n' }), 'messages[0].name'],
    [
      V4,
      say({
        role: 'assistant',
        tool_calls: [{ index: 0, id: '1', type: 'function', function: { name: 'f', arguments: '' } }]
      }),
      'messages[0].tool_calls[0].index'
    ],
    [V4, say({ role: 'assistant', content: 'x', reasoning_content: 'y' }), 'messages[0].reasoning_content'],
    [V4, { model: 'm', prompt: [1, 2] }, 'prompt[0]'],
    [V4, { model: 'm', prompt: 'x', logprobs: 3 }, 'logprobs'],
    [V4, { model: 'm', prompt: 'x', suffix: true }, 'suffix'],
    [V2, { ...CHAT, seed: 1 }, 'seed'],
    [V2, { ...CHAT, user: 'u' }, 'user'],
    [V2, { ...CHAT, frequency_penalty: 3 }, 'frequency_penalty'],
    [V2, { ...CHAT, n: 0 }, 'n'],
    [V2, { ...CHAT, prediction: { type: 'content' } }, 'prediction'],
    [V2, { ...CHAT, chat_template_kwargs: { other: 1 } }, 'chat_template_kwargs.other'],
    [V2, { model: 'm', prompt: 'x', suffix: 'y' }, 'suffix']
  ])('%o %o: %s', async (peer, body, field) => {
    const error = await send(peer, body).then(
      () => undefined,
      (reason: unknown) => reason
    )
    expect(error).toMatchObject({ code: 'ERR_REQUEST_FIELD', field, charged: 'no', remedy: expect.any(String) })
  })

  it('names field, reason and remedy, and no content', async () => {
    await expect(send(V4, { ...CHAT, tools: [{ secret: 'SECRET-VALUE' }] })).rejects.toThrow(
      "field 'tools' is not accepted by the network (rules proto-3)"
    )
  })
})

describe('what passes', () => {
  const full = {
    ...say(
      { role: 'system', content: 'x', name: 'n' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image', image: { url: 'x' } },
          { type: 'input_audio', input_audio: { format: 'wav', data: '00ff' } },
          { type: 'file', file: { file_id: 'x' } }
        ]
      },
      {
        role: 'assistant',
        content: [{ type: 'refusal', refusal: 'no' }],
        tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }]
      },
      { role: 'tool', tool_call_id: '1', content: 'x' },
      { role: 'function', name: 'f', content: 'x' }
    ),
    seed: 1,
    n: 0,
    temperature: 99,
    top_logprobs: -3,
    logprobs: true,
    service_tier: 1,
    stop: ['a'],
    user: 'u',
    store: true,
    response_format: {},
    modalities: ['text'],
    audio: { format: 'f', voice: 'v' },
    prediction: { type: 'content', content: 'x' },
    chat_template_kwargs: { enable_thinking: false }
  }
  it.each<[typeof V2, Body]>([
    [V4, full],
    [
      V4,
      {
        model: 'm',
        prompt: ['a', 'b'],
        best_of: 1,
        echo: true,
        suffix: 's',
        logprobs: true,
        max_completion_tokens: 3,
        user: 'u'
      }
    ],
    [
      V2,
      {
        ...CHAT,
        stop: 'x',
        response_format: { type: 'json_object' },
        prediction: 1,
        verbosity: 'low',
        n: 1,
        frequency_penalty: -2,
        max_completion_tokens: 0
      }
    ],
    [V2, { ...say('anything'), stream: true, stream_options: { include_usage: false, include_obfuscation: true } }],
    [V2, { model: 'm', prompt: [1, 2], best_of: 1, seed: -1, suffix: true, skip_special_tokens: true }]
  ])('%o: %o unchanged', async (peer, body) => {
    expect(await send(peer, body)).toEqual(body)
    expect(JSON.stringify(await send(peer, body, { translate: false }))).toBe(JSON.stringify(body))
  })
})

describe('translation', () => {
  it.each<[typeof V2, Body, Body]>([
    [V4, { stop: 'x' }, { stop: ['x'] }],
    [V2, { stop: 'x' }, { stop: 'x' }],
    [V4, { model: 'm@abc:def' }, { model: 'm' }],
    [V4, { stop: null, temperature: null, user: undefined }, {}],
    [
      V4,
      { response_format: { type: 'text' }, tools: [], tool_choice: 'auto', logit_bias: {}, service_tier: 'auto' },
      {}
    ],
    [V2, { logprobs: false, store: false, metadata: {}, modalities: ['text'] }, {}],
    [V4, { stream_options: { include_usage: true } }, {}],
    [V4, { stream: false, stream_options: { include_usage: true } }, { stream: false }],
    [V4, { max_tokens: 5, max_completion_tokens: 7 }, { max_completion_tokens: 7 }],
    [
      V4,
      { messages: [{ role: 'assistant', content: null, refusal: null, tool_calls: [] }] },
      { messages: [{ role: 'assistant', tool_calls: [] }] }
    ]
  ])('%o %o becomes %o', async (peer, given, sent) => {
    expect(await send(peer, { ...CHAT, ...given })).toEqual({ ...CHAT, ...sent })
  })

  it('renames the limit where the endpoint knows only the older name', async () => {
    expect(await send(V2, { model: 'm', prompt: 'x', max_completion_tokens: 7 })).toEqual({
      model: 'm',
      prompt: 'x',
      max_tokens: 7
    })
  })

  it.each<[Body, string]>([
    [{ stop: 'x' }, 'stop'],
    [{ response_format: { type: 'text' } }, 'response_format.type'],
    [{ max_tokens: 5, max_completion_tokens: 7 }, 'max_tokens'],
    [{ messages: [{ role: 'assistant', content: null }] }, 'messages[0].content']
  ])('%o is refused without it', async (given, field) => {
    await expect(send(V4, { ...CHAT, ...given }, { translate: false })).rejects.toMatchObject({
      code: 'ERR_REQUEST_FIELD',
      field
    })
  })

  it('reserves by the limit that the worker will see, and leaves the body alone without one', async () => {
    const { surface, transport } = surfaceOver(
      { parts: [WHOLE] },
      { defaults: { reservedTokens: 55, maxCoefficient: 9 } }
    )
    await surface.chat.completions.create({ ...CHAT, max_tokens: 5, max_completion_tokens: 7 })
    await surface.chat.completions.create({ ...CHAT, max_tokens: 0 })
    await surface.chat.completions.create(CHAT, { maxCoefficient: 0, debug: true })
    expect(transport.requests.map(({ reservedTokens }) => reservedTokens)).toEqual([7, 0, 55])
    expect(transport.requests.map(({ maxCoefficient }) => maxCoefficient)).toEqual([9, 9, 0])
    expect(transport.requests[2]?.enableDebug).toBe(true)
    expect(transport.body(2)).toEqual(CHAT)
  })
})

describe('choice of the rules', () => {
  it('goes by the version, and can be overridden', async () => {
    for (const protocolVersion of [0, 1, 2])
      await expect(send({ protocolVersion }, { ...CHAT, seed: 1 })).rejects.toThrow('proto-2')
    for (const protocolVersion of [3, 4, 5])
      expect(await send({ protocolVersion }, { ...CHAT, seed: 1 })).toHaveProperty('seed', 1)
    await expect(send(V4, { ...CHAT, seed: 1 }, { rules: 'proto-2' })).rejects.toThrow('proto-2')
    const chat = PROTO_3_RULES.endpoints['/v1/chat/completions']
    const own: RequestRules = {
      ...PROTO_3_RULES,
      name: 'mine',
      endpoints: { '/v1/chat/completions': { ...chat, fields: { ...chat?.fields, top_k: 'integer' } } }
    }
    expect(await send(V2, { ...CHAT, top_k: 4 }, { rules: own })).toHaveProperty('top_k', 4)
  })

  it('refuses bodies that JSON cannot write', async () => {
    const circular: Body = {}
    circular['self'] = circular
    await expect(send(V2, say(circular))).rejects.toMatchObject({ code: 'ERR_REQUEST_INVALID' })
    await expect(send(V2, { ...CHAT, response_format: { big: 1n } })).rejects.toMatchObject({
      code: 'ERR_REQUEST_INVALID'
    })
    const { surface } = surfaceOver({})
    for (const body of [null, 'x', []])
      await expect(surface.chat.completions.create(body as never)).rejects.toMatchObject({
        code: 'ERR_REQUEST_INVALID'
      })
  })
})
