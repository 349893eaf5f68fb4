import { beforeAll, describe, expect, it } from 'vitest'

import {
  createEncryptingTransport,
  type EncryptionKeySource,
  type EncryptionMode
} from '../../../src/client/encryption/index.js'
import { createOpenAISurface, type OpenAISurface } from '../../../src/client/openai/index.js'
import { bytesToHex, hexToBytes } from '../../../src/encoding/index.js'
import {
  decryptRequest,
  encryptAnswer,
  type NetworkKeyPair,
  networkKeyPair,
  PUBLISHED_TEST_KEY
} from '../../../src/envelope/index.js'
import { CocoonError } from '../../../src/errors.js'
import { FakeClock } from '../../support/fake-clock.js'
import { FakeTransport, type Script } from '../openai/fake-transport.js'

const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
const FAR = 4_000_000_000
let network: NetworkKeyPair
let other: NetworkKeyPair
beforeAll(async () => {
  network = await networkKeyPair(new Uint8Array(32).fill(7))
  other = await networkKeyPair(new Uint8Array(32).fill(8))
})

interface Setup {
  readonly mode?: Exclude<EncryptionMode, 'off'>
  readonly keys?: EncryptionKeySource
  readonly isTest?: boolean
}

function setUp(
  script: Script | ((body: Record<string, unknown>) => Script),
  setup: Setup = {}
): { surface: OpenAISurface; inner: FakeTransport } {
  const { mode = 'required', isTest = false } = setup
  const keys = 'keys' in setup ? setup.keys : [{ publicKey: network.publicKey, expiresAtUnix: FAR }]
  const inner = new FakeTransport(
    typeof script === 'function'
      ? (request) => (request.body === undefined ? {} : script(bodyOf(request.body)))
      : script
  )
  const clock = new FakeClock()
  const transport = createEncryptingTransport(inner, { mode, keys, isTest, padTo: undefined, clock, random })
  return { surface: createOpenAISurface({ transport, clock, random }), inner }
}

const bodyOf = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
const question = { model: 'm', messages: [{ role: 'user' as const, content: 'my canary question' }] }

function chunk(content: string, more: object = {}): Record<string, unknown> {
  return {
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
    ...more
  }
}

/** Parts that are made when they are asked for, encrypted to the sender of the request. */
async function* answer(
  body: Record<string, unknown>,
  values: readonly Record<string, unknown>[],
  write = (json: string): string => `${json}\n`
): AsyncGenerator<string> {
  for (const value of values)
    yield write(
      JSON.stringify(await encryptAnswer(value, network, hexToBytes(body['sender_public_key'] as string), random))
    )
}

async function collect(surface: OpenAISurface): Promise<string> {
  let text = ''
  for await (const { choices } of await surface.chat.completions.create({ ...question, stream: true }))
    text += choices[0]?.delta.content ?? ''
  return text
}

describe('encrypting', () => {
  it('sends no word in clear and opens a whole answer', async () => {
    const whole = {
      id: 'x',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'four' }, finish_reason: 'stop' }]
    }
    const { surface, inner } = setUp((body) => ({
      parts: answer(body, [whole], (json) => JSON.stringify(JSON.parse(json), null, 2))
    }))
    const result = await surface.chat.completions.create({ ...question, max_tokens: 7 }).withResponse()
    expect(result.data).toEqual(whole)
    expect(result.encrypted).toBe(true)
    expect(result.response.headers.get('x-cocoon-encrypted')).toBe('true')
    const sent = bodyOf(inner.requests[0]!.body)
    expect(JSON.stringify(sent)).not.toContain('canary')
    expect(sent['max_tokens']).toBe(7)
    expect(inner.requests[0]!.networkPublicKey).toEqual(network.publicKey)
    expect((await decryptRequest(sent, network.seed)).body['messages']).toEqual(question.messages)
  })

  it.each([
    ['lines', (json: string) => `${json}\n`],
    ['server-sent events', (json: string) => `data: ${json}\n\n`],
    ['values without separators', (json: string) => json]
  ])('opens streams of %s', async (_, write) => {
    const { surface } = setUp((body) => ({ parts: answer(body, [chunk('a'), chunk('b'), chunk('ü🌍')], write) }))
    expect(await collect(surface)).toBe('abü🌍')
  })

  it('opens streams that are split at every byte', async () => {
    const { surface } = setUp((body) => ({
      parts: (async function* () {
        for await (const text of answer(body, [chunk('a'), chunk('b')], (json) => `data: ${json}\n\n`)) yield* text
        yield* 'data: [DONE]\n\n'
      })()
    }))
    expect(await collect(surface)).toBe('ab')
  })

  it('takes a fresh key for each of many calls at once', async () => {
    const { surface, inner } = setUp((body) => ({ parts: answer(body, [chunk('a')]) }))
    await Promise.all(Array.from({ length: 8 }, () => collect(surface)))
    expect(new Set(inner.requests.map(({ body }) => bodyOf(body)['sender_public_key'])).size).toBe(8)
  })

  it('encrypts forms', async () => {
    const { surface, inner } = setUp({ error: new CocoonError('ERR_DIAL', 'stop', { phase: 'dial' }) })
    const file = new File(['canary bytes'], 'canary.mp3')
    await surface.audio.transcriptions.create({ model: 'w', file, prompt: 'canary' }).catch(() => undefined)
    const [{ body, headers, networkPublicKey }] = inner.requests as [(typeof inner.requests)[0]]
    const text = new TextDecoder().decode(body)
    expect(text).not.toContain('canary')
    expect(text).toContain('name="encryption_nonce"')
    expect(text).toContain('filename="audio.mp3"')
    expect(headers.find(([name]) => name === 'Content-Type')?.[1]).toMatch(/^multipart\/form-data; boundary=/)
    expect(networkPublicKey).toEqual(network.publicKey)
  })

  it('leaves a body alone that the caller encrypted', async () => {
    const { surface, inner } = setUp({ error: new CocoonError('ERR_DIAL', 'stop', { phase: 'dial' }) })
    const { encryptRequest } = await import('../../../src/envelope/index.js')
    const { body } = await encryptRequest(question, { receiverPublicKey: other.publicKey })
    await surface.chat.completions.create(body as never).catch(() => undefined)
    expect(bodyOf(inner.requests[0]!.body)).toEqual(body)
  })
})

describe('modes', () => {
  const clear: Script = { parts: [JSON.stringify({ id: 'x', object: 'chat.completion', choices: [] })] }
  const canaries: Script = { ...clear, peer: { protocolVersion: 2 } }

  it.each([
    ['no keys', clear, undefined],
    ['no usable key', clear, [{ publicKey: 'ab'.repeat(32), expiresAtUnix: 1 }]],
    ['an old proxy', canaries, [{ publicKey: '09'.padEnd(64, '0'), expiresAtUnix: FAR }]]
  ])('required refuses with %s, and nothing is sent', async (_, script, keys) => {
    const { surface, inner } = setUp(script, { keys: keys as EncryptionKeySource })
    await expect(surface.chat.completions.create(question)).rejects.toMatchObject({
      code: 'ERR_ENCRYPTION_UNAVAILABLE',
      charged: 'no'
    })
    expect(inner.requests).toEqual([])
  })

  it.each([
    ['no keys', clear, undefined],
    ['an old proxy', canaries, [{ publicKey: '09'.padEnd(64, '0'), expiresAtUnix: FAR }]]
  ])('preferred sends in clear with %s, and says so', async (_, script, keys) => {
    const { surface, inner } = setUp(script, { mode: 'preferred', keys: keys as EncryptionKeySource })
    const { encrypted, response } = await surface.chat.completions.create(question).withResponse()
    expect(encrypted).toBe(false)
    expect(response.headers.get('x-cocoon-encrypted')).toBe('false')
    expect(inner.requests[0]!.networkPublicKey).toBeUndefined()
  })

  it('preferred does not fall back to clear when the source of keys fails', async () => {
    const { surface, inner } = setUp(clear, { mode: 'preferred', keys: () => Promise.reject(new Error('down')) })
    await expect(surface.chat.completions.create(question)).rejects.toMatchObject({
      code: 'ERR_ENCRYPTION_UNAVAILABLE'
    })
    expect(inner.requests).toEqual([])
  })

  it('takes the longest-living key of type 1 that outlives the call, and no test key', async () => {
    const now = new FakeClock().now() / 1000
    const keys = [
      { publicKey: other.publicKey, expiresAtUnix: now + 179 },
      { publicKey: PUBLISHED_TEST_KEY, expiresAtUnix: FAR },
      { publicKey: other.publicKey, type: 2, expiresAtUnix: FAR }
    ]
    const { surface, inner } = setUp(clear, { keys })
    await expect(surface.chat.completions.create(question)).rejects.toMatchObject({
      code: 'ERR_ENCRYPTION_UNAVAILABLE'
    })
    expect(inner.requests).toEqual([])
    const good = setUp(clear, {
      keys: () => [
        ...keys,
        { publicKey: other.publicKey, expiresAtUnix: now + 200 },
        { publicKey: bytesToHex(network.publicKey), type: 1, expiresAtUnix: now + 300 }
      ]
    })
    await good.surface.chat.completions.create(question).catch(() => undefined)
    expect(good.inner.requests[0]!.networkPublicKey).toEqual(network.publicKey)
    const test = setUp(clear, { keys, isTest: true })
    await test.surface.chat.completions.create(question).catch(() => undefined)
    expect(bytesToHex(test.inner.requests[0]!.networkPublicKey!)).toBe(PUBLISHED_TEST_KEY)
  })

  const unknownKey = (): CocoonError =>
    new CocoonError('ERR_QUERY_REFUSED', 'refused', {
      phase: 'answer',
      peerCode: 602,
      peerText: 'unknown public key AB',
      charged: 'no'
    })

  it('tries the next key when the proxy does not know the first', async () => {
    const keys = [
      { publicKey: other.publicKey, expiresAtUnix: FAR + 1 },
      { publicKey: network.publicKey, expiresAtUnix: FAR }
    ]
    const { surface, inner } = setUp(
      (body) =>
        body['receiver_public_key'] === bytesToHex(network.publicKey)
          ? { parts: answer(body, [chunk('a')]) }
          : { error: unknownKey() },
      { keys }
    )
    expect(await collect(surface)).toBe('a')
    expect(inner.requests).toHaveLength(2)
  })

  describe('a key that a proxy does not know', () => {
    const newer = (): { publicKey: Uint8Array; expiresAtUnix: number } => ({
      publicKey: other.publicKey,
      expiresAtUnix: FAR + 1
    })
    const older = (): { publicKey: Uint8Array; expiresAtUnix: number } => ({
      publicKey: network.publicKey,
      expiresAtUnix: FAR
    })
    const keyOf = ({ networkPublicKey }: { readonly networkPublicKey?: Uint8Array | undefined }): string =>
      networkPublicKey === undefined
        ? 'clear'
        : bytesToHex(networkPublicKey) === bytesToHex(network.publicKey)
          ? 'older'
          : 'newer'
    const knowsOnlyOlder = (body: Record<string, unknown>): Script =>
      body['receiver_public_key'] === bytesToHex(network.publicKey)
        ? { parts: answer(body, [chunk('a')]) }
        : { error: unknownKey() }

    it('is not tried first again, until the registry is read anew', async () => {
      let keys = [newer(), older()]
      const { surface, inner } = setUp(knowsOnlyOlder, { keys: () => keys })
      for (let call = 0; call < 3; call++) expect(await collect(surface)).toBe('a')
      expect(inner.requests.map(keyOf)).toEqual(['newer', 'older', 'older', 'older'])
      // The same keys once more say nothing new; another list does.
      keys = [newer(), older()]
      await collect(surface)
      keys = [newer(), older(), { publicKey: hexToBytes('09'.padEnd(64, '0')), expiresAtUnix: FAR - 1 }]
      await collect(surface)
      expect(inner.requests.slice(4).map(keyOf)).toEqual(['older', 'newer', 'older'])
    })

    it('is tried again when no other is left, since proxies learn keys', async () => {
      let isKnown = false
      const { surface, inner } = setUp((body) =>
        isKnown ? { parts: answer(body, [chunk('a')]) } : { error: unknownKey() }
      )
      for (let call = 0; call < 2; call++)
        await expect(collect(surface)).rejects.toMatchObject({ code: 'ERR_ENCRYPTION_UNAVAILABLE', retryable: true })
      isKnown = true
      expect(await collect(surface)).toBe('a')
      expect(inner.requests.map(keyOf)).toEqual(['older', 'older', 'older'])
    })
  })

  it.each(['required', 'preferred'] as const)('%s never repeats an encrypted request in clear', async (mode) => {
    for (const [error, code] of [
      [unknownKey(), 'ERR_ENCRYPTION_UNAVAILABLE'],
      [
        new CocoonError('ERR_QUERY_REFUSED', 'refused', {
          phase: 'answer',
          peerCode: 651,
          peerText: 'no ready workers for modelm',
          charged: 'no',
          retryable: true
        }),
        'ERR_QUERY_REFUSED'
      ],
      [new CocoonError('ERR_CONNECTION_LOST', 'lost', { phase: 'query', charged: 'unknown' }), 'ERR_CONNECTION_LOST']
    ] as const) {
      const { surface, inner } = setUp({ error }, { mode })
      await expect(surface.chat.completions.create(question)).rejects.toMatchObject({ code })
      expect(inner.requests).toHaveLength(1)
      expect(inner.requests[0]!.networkPublicKey).toEqual(network.publicKey)
    }
  })
})

describe('bad answers', () => {
  const cases: [string, string, (body: Record<string, unknown>) => AsyncIterable<string>][] = [
    [
      'an answer in clear',
      'ERR_ENVELOPE_PLAINTEXT',
      async function* () {
        yield JSON.stringify(chunk('clear'))
      }
    ],
    [
      'a clear chunk among encrypted ones',
      'ERR_ENVELOPE_PLAINTEXT',
      async function* (body) {
        yield* answer(body, [chunk('a')])
        yield JSON.stringify(chunk('clear'))
      }
    ],
    [
      'a chunk that comes twice',
      'ERR_ENVELOPE_DECRYPT',
      async function* (body) {
        for await (const text of answer(body, [chunk('a')])) yield text + text
      }
    ],
    [
      'a chunk for somebody else',
      'ERR_ENVELOPE_SENDER',
      async function* () {
        yield JSON.stringify(await encryptAnswer(chunk('a'), network, other.publicKey, random))
      }
    ],
    [
      'a chunk of another sender',
      'ERR_ENVELOPE_SENDER',
      async function* (body) {
        yield JSON.stringify(
          await encryptAnswer(chunk('a'), other, hexToBytes(body['sender_public_key'] as string), random)
        )
      }
    ],
    [
      'a tampered chunk',
      'ERR_ENVELOPE_DECRYPT',
      async function* (body) {
        for await (const text of answer(body, [chunk('a')])) yield text.replace(/(ENC_[0-9a-f]{40})./, '$1x')
      }
    ],
    [
      'swapped strings',
      'ERR_ENVELOPE_DECRYPT',
      async function* (body) {
        for await (const text of answer(body, [chunk('a')])) {
          const value = JSON.parse(text) as Record<string, string>
          ;[value['id'], value['object']] = [value['object']!, value['id']!]
          yield JSON.stringify(value)
        }
      }
    ],
    [
      'one string in two places',
      'ERR_ENVELOPE_DECRYPT',
      async function* (body) {
        for await (const text of answer(body, [chunk('a')])) {
          const value = JSON.parse(text) as Record<string, string>
          yield JSON.stringify({ ...value, copy: value['id'] })
        }
      }
    ],
    [
      'another role',
      'ERR_ENVELOPE_DECRYPT',
      (body) => answer(body, [chunk('a', { choices: [{ index: 0, delta: { role: 'system' } }] })])
    ],
    [
      'more choices than asked for',
      'ERR_ENVELOPE_DECRYPT',
      (body) =>
        answer(body, [
          chunk('a', {
            choices: [
              { index: 0, delta: {} },
              { index: 1, delta: {} }
            ]
          })
        ])
    ],
    [
      'a choice with an index of its own',
      'ERR_ENVELOPE_DECRYPT',
      (body) => answer(body, [chunk('a', { choices: [{ index: 3, delta: {} }] })])
    ],
    [
      'a list',
      'ERR_ENVELOPE_PLAINTEXT',
      async function* () {
        yield '[1]'
      }
    ],
    [
      'no JSON',
      'ERR_ENVELOPE_DECRYPT',
      async function* () {
        yield 'data: {oops\n\n'
      }
    ],
    [
      'its own request',
      'ERR_ENVELOPE_SENDER',
      async function* (body) {
        yield JSON.stringify(body)
      }
    ]
  ]

  it.each(cases)('refuses %s', async (_, code, parts) => {
    const { surface, inner } = setUp((body) => ({ parts: parts(body) }))
    await expect(collect(surface)).rejects.toMatchObject({ code, charged: 'unknown' })
    expect(inner.requests).toHaveLength(1)
    expect(inner.cancelled).toHaveLength(1)
  })

  it('calls a cut answer cut', async () => {
    const { surface } = setUp((body) => ({
      parts: answer(body, [chunk('a')], (json) => json.slice(0, -5)),
      final: { complete: false }
    }))
    await expect(collect(surface)).rejects.toMatchObject({ code: 'ERR_STREAM_TRUNCATED' })
  })

  it('opens the error of an inference server, and bears one in clear', async () => {
    const good = setUp((body) => ({ status: 400, parts: answer(body, [{ error: { message: 'too long' } }]) }))
    await expect(good.surface.chat.completions.create(question)).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_HTTP',
      peerText: expect.stringContaining('too long')
    })
    const clear = setUp({ status: 502, parts: ['bad gateway'] })
    await expect(clear.surface.chat.completions.create(question)).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_HTTP',
      peerText: 'bad gateway'
    })
  })

  it('does not show what a worker quotes of the request', async () => {
    const error = new CocoonError('ERR_QUERY_REFUSED', 'refused', {
      phase: 'answer',
      peerCode: 621,
      peerText: '.messages[0] has unknown role my canary question'
    })
    const { surface } = setUp({ error })
    const thrown = (await surface.chat.completions.create(question).catch((cause: unknown) => cause)) as CocoonError
    expect(JSON.stringify(thrown)).not.toContain('canary')
  })
})
