import { inspect } from 'node:util'

import { describe, expect, it } from 'vitest'

import { bytesToHex, encodeBase64, hexToBytes } from '../../src/encoding/index.js'
import {
  decryptRequest,
  encryptForm,
  encryptRequest,
  EnvelopeError,
  networkKeyPair,
  PUBLISHED_TEST_KEY
} from '../../src/envelope/index.js'

const pair = await networkKeyPair(new Uint8Array(32).fill(7))
const options = { receiverPublicKey: pair.publicKey }

describe('encryptRequest', () => {
  it('leaves no string in clear but the model, at any depth', async () => {
    const secret = 'zz-canary'
    const body = {
      model: 'm',
      messages: [{ role: secret, content: [{ type: 'text', text: secret }, { type: '' }], name: secret }],
      stop: [secret, [secret]],
      user: secret,
      n: 2,
      stream: true,
      seed: null,
      max_tokens: 5
    }
    const copy = structuredClone(body)
    const { body: sealed } = await encryptRequest(body, options)
    expect(body).toEqual(copy)
    expect(JSON.stringify(sealed)).not.toContain(secret)
    const {
      is_encrypted: _a,
      sender_public_key: _b,
      receiver_public_key: _c,
      encryption_nonce: _d,
      model,
      ...rest
    } = sealed
    expect(model).toBe('m')
    for (const text of JSON.stringify(rest).matchAll(/:"([^"]*)"|\["([^"]*)"/g))
      expect(text[1] ?? text[2]).toMatch(/^ENC_(?:[0-9a-f]{32}){2,}$/)
    expect((await decryptRequest(sealed, pair.seed)).body).toEqual(body)
  })

  it('takes a fresh sender key, nonce and prefix each time', async () => {
    const [a, b] = [await encryptRequest({ user: 'x' }, options), await encryptRequest({ user: 'x' }, options)]
    for (const name of ['sender_public_key', 'encryption_nonce', 'user']) expect(a.body[name]).not.toBe(b.body[name])
  })

  it.each([
    'model',
    'timeout',
    'debug',
    'request_guid',
    'max_tokens',
    'is_encrypted',
    'encryption_nonce',
    'receiver_public_key'
  ])('refuses a nested %s', async (name) => {
    for (const value of ['text', 1, { a: 'b' }]) {
      await expect(encryptRequest({ prediction: [{ [name]: value }] }, options)).rejects.toMatchObject({
        name: 'EnvelopeError',
        code: 'ERR_ENVELOPE_FIELD',
        field: `prediction[0].${name}`
      })
    }
  })

  it.each([
    [{ timeout: 'soon' }, 'timeout'],
    [{ debug: { a: 'b' } }, 'debug'],
    [{ model: ['m'] }, 'model'],
    [{ sender_public_key: 'x' }, 'sender_public_key'],
    [{ user: 'a\ud800b' }, 'user'],
    [{ messages: [{ content: '\udc00' }] }, 'messages[0].content'],
    [{ model: '\udc00' }, 'model'],
    [{ '\ud800': 1 }, '\ud800'],
    [{ user: 1n }, 'user'],
    [{ user: Number.NaN }, 'user'],
    [{ user: () => 1 }, 'user'],
    [{ user: new Date(0) }, 'user'],
    [{ stop: [undefined] }, 'stop[0]']
  ])('refuses %o', async (body, field) => {
    await expect(encryptRequest(body as Record<string, unknown>, options)).rejects.toMatchObject({
      code: 'ERR_ENVELOPE_FIELD',
      field
    })
  })

  it('refuses a body that is no object, endless or too deep', async () => {
    for (const body of [null, [], 'text', 1])
      await expect(encryptRequest(body as never, options)).rejects.toThrow(EnvelopeError)
    const loop: Record<string, unknown> = {}
    loop['loop'] = loop
    await expect(encryptRequest(loop, options)).rejects.toMatchObject({ code: 'ERR_ENVELOPE_FIELD' })
  })

  it('keeps a name like __proto__ a name', async () => {
    const { body } = await encryptRequest(
      JSON.parse('{"a":{"__proto__":{"x":"y"}}}') as Record<string, unknown>,
      options
    )
    expect(Object.getPrototypeOf(body['a'])).toBe(Object.prototype)
    expect(JSON.stringify((await decryptRequest(body, pair.seed)).body)).toBe('{"a":{"__proto__":{"x":"y"}}}')
  })

  it('pads by the prefix only', async () => {
    for (const [padTo, n, length] of [
      [16, 0, 48],
      [240, 0, 16 + 240],
      [240, 224, 16 + 240],
      [240, 225, 16 + 480],
      [32, 20, 16 + 64]
    ] as const) {
      const { body } = await encryptRequest({ user: 'u'.repeat(n) }, { ...options, padTo })
      expect((body['user'] as string).length, `${padTo} ${n}`).toBe(4 + 2 * (length === 48 ? 32 : length))
      expect((await decryptRequest(body, pair.seed)).body['user']).toBe('u'.repeat(n))
    }
    for (const padTo of [0, 8, 256, 17, 1.5, -16])
      await expect(encryptRequest({}, { ...options, padTo })).rejects.toMatchObject({ field: 'padTo' })
  })
})

describe('keys', () => {
  const hex = bytesToHex(pair.publicKey)

  it('takes each spelling and writes lower-case hex', async () => {
    for (const receiverPublicKey of [hex, hex.toUpperCase(), encodeBase64(pair.publicKey), pair.publicKey]) {
      expect((await encryptRequest({}, { receiverPublicKey })).body['receiver_public_key']).toBe(hex)
    }
  })

  it.each([
    ['33 bytes of base64, which aborts the reference', 'A'.repeat(44)],
    ['31 bytes of base64', `${'A'.repeat(42)}==`],
    ['32 raw characters', 'A'.repeat(32)],
    ['64 other characters', 'g'.repeat(64)],
    ['nothing', ''],
    ['31 bytes', new Uint8Array(31)],
    ['no key at all', undefined],
    ['y = 1', `01${'00'.repeat(31)}`],
    ['y = 0, of small order', '00'.repeat(32)],
    ['y = -1, of small order', `ec${'ff'.repeat(30)}7f`],
    ['y beyond the prime', `ed${'ff'.repeat(30)}7f`],
    ['the published test key', PUBLISHED_TEST_KEY],
    ['the published test key, shouted', PUBLISHED_TEST_KEY.toUpperCase()]
  ])('refuses %s', async (_, receiverPublicKey) => {
    await expect(encryptRequest({}, { receiverPublicKey: receiverPublicKey as string })).rejects.toMatchObject({
      code: 'ERR_ENVELOPE_KEY'
    })
  })

  it('shows no secret of a sender key', async () => {
    const seed = new Uint8Array(32).fill(9)
    const pieces = [seed, new Uint8Array(32)]
    const { senderKey } = await encryptRequest({}, { ...options, random: { bytes: () => pieces.shift()! } })
    const shown =
      inspect(senderKey, { showHidden: true, depth: 9 }) +
      JSON.stringify(senderKey) +
      JSON.stringify(Object.entries(senderKey))
    expect(shown).not.toMatch(/shared|seed|\[ ?9|0909/)
    expect(Object.keys(senderKey)).toEqual(['publicKey', 'receiverPublicKey'])
    // The seed given was erased after use.
    expect(seed).toEqual(new Uint8Array(32))
  })
})

describe('encryptForm', () => {
  function form(entries: Record<string, string | File>): FormData {
    const made = new FormData()
    for (const [name, value] of Object.entries(entries)) made.append(name, value)
    return made
  }

  it('hides texts, the bytes of the file and its name', async () => {
    const { form: sealed } = await encryptForm(
      form({
        model: 'whisper',
        language: 'canary',
        stream: '1',
        max_tokens: '5',
        file: new File([hexToBytes('00ff80')], 'canary secret.MP3', { type: 'audio/mpeg' })
      }),
      options
    )
    expect(await new Response(sealed).text()).not.toContain('canary')
    expect(sealed.get('model')).toBe('whisper')
    expect(sealed.get('max_tokens')).toBe('5')
    expect((sealed.get('file') as File).name).toBe('audio.mp3')
    for (const name of ['language', 'stream']) expect(sealed.get(name)).toMatch(/^ENC_/)
  })

  it('refuses names that occur twice, envelope names, half surrogates, and text or files that would stay readable', async () => {
    const twice = form({ prompt: 'a' })
    twice.append('prompt', 'b')
    for (const bad of [
      twice,
      form({ is_encrypted: 'v1' }),
      form({ timeout: 'my text' }),
      form({ debug: new File(['x'], 'x') })
    ])
      await expect(encryptForm(bad, options)).rejects.toMatchObject({ code: 'ERR_ENVELOPE_FIELD' })
  })
})
