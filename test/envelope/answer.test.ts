import { beforeAll, describe, expect, it } from 'vitest'

import { bytesToHex, encodeBase64, hexToBytes } from '../../src/encoding/index.js'
import {
  decryptAnswer,
  encryptAnswer,
  encryptRequest,
  networkKeyPair,
  type SenderKey
} from '../../src/envelope/index.js'

const network = await networkKeyPair(new Uint8Array(32).fill(7))
const other = await networkKeyPair(new Uint8Array(32).fill(8))
const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
const PLAIN = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'm',
  created: 1,
  choices: [{ index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', content: 'four' } }]
}
let senderKey: SenderKey
let answer: Record<string, unknown>

beforeAll(async () => {
  senderKey = (await encryptRequest({ user: 'x' }, { receiverPublicKey: network.publicKey })).senderKey
  answer = await encryptAnswer(PLAIN, network, hexToBytes(senderKey.publicKey), random)
})

/** The answer with one thing changed. */
function changed(change: (copy: any) => void): Record<string, unknown> {
  const copy = structuredClone(answer)
  change(copy)
  return copy
}

function open(json: string | Record<string, unknown>): Promise<Record<string, unknown>> {
  return decryptAnswer(json, { senderKey, networkPublicKey: network.publicKey })
}

describe('decryptAnswer', () => {
  it('opens text and objects, without the envelope', async () => {
    expect(await open(answer)).toEqual(PLAIN)
    expect(await open(JSON.stringify(answer))).toEqual(PLAIN)
    expect(await decryptAnswer(answer, { senderKey })).toEqual(PLAIN)
    for (const key of ['sender_public_key', 'receiver_public_key']) {
      expect(await open(changed((copy) => (copy[key] = (copy[key] as string).toUpperCase())))).toEqual(PLAIN)
      expect(await open(changed((copy) => (copy[key] = encodeBase64(hexToBytes(copy[key] as string)))))).toEqual(PLAIN)
    }
  })

  it('keeps a debug object, which the gateway adds in clear', async () => {
    expect(await open(changed((copy) => (copy.debug = { text: 'clear' })))).toEqual({
      ...PLAIN,
      debug: { text: 'clear' }
    })
  })

  const refusals: [string, string, (copy: any) => void][] = [
    ['an answer in clear', 'ERR_ENVELOPE_PLAINTEXT', (copy) => delete copy.is_encrypted],
    ['a DEC_ string', 'ERR_ENVELOPE_PLAINTEXT', (copy) => (copy.choices[0].message.content = 'DEC_injected')],
    ['a clear string', 'ERR_ENVELOPE_PLAINTEXT', (copy) => (copy.choices[0].message.content = 'injected')],
    ['a string too short for a prefix', 'ERR_ENVELOPE_PLAINTEXT', (copy) => (copy.choices[0].message.content = 'EN')],
    ['an added clear string', 'ERR_ENVELOPE_PLAINTEXT', (copy) => (copy.note = 'x')],
    [
      'clear text under a nested readable name',
      'ERR_ENVELOPE_PLAINTEXT',
      (copy) => (copy.choices[0].message.model = 'x')
    ],
    ['a clear list under a readable name', 'ERR_ENVELOPE_PLAINTEXT', (copy) => (copy.timeout = ['x'])],
    ['another sender', 'ERR_ENVELOPE_SENDER', (copy) => (copy.sender_public_key = bytesToHex(other.publicKey))],
    ['another receiver', 'ERR_ENVELOPE_SENDER', (copy) => (copy.receiver_public_key = bytesToHex(other.publicKey))],
    ['a changed nonce', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.encryption_nonce = encodeBase64(new Uint8Array(32)))],
    ['a nonce of another form', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.encryption_nonce = 'n')],
    ['no nonce', 'ERR_ENVELOPE_DECRYPT', (copy) => delete copy.encryption_nonce],
    ['another scheme', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.is_encrypted = 'v9')],
    ['a truth value for the scheme', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.is_encrypted = true)],
    ['a sender that is no key', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.sender_public_key = 'A'.repeat(44))],
    ['half a byte', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.id = 'ENC_abc')],
    ['an empty ciphertext', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.id = 'ENC_')],
    ['an id alone', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.id = (copy.id as string).slice(0, 36))],
    ['a cut ciphertext', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.id = (copy.id as string).slice(0, -32))],
    ['other digits', 'ERR_ENVELOPE_DECRYPT', (copy) => (copy.id = `${(copy.id as string).slice(0, -1)}g`)]
  ]

  it.each(refusals)('refuses %s', async (_, code, change) => {
    await expect(open(changed(change))).rejects.toMatchObject({
      name: 'EnvelopeError',
      code,
      phase: 'envelope',
      retryable: false
    })
  })

  it('refuses every flipped bit of a ciphertext', async () => {
    const hex = (answer['id'] as string).slice(4)
    for (let index = 0; index < hex.length / 2; index++) {
      const bytes = hexToBytes(hex)
      bytes[index] = bytes[index]! ^ (1 << (index % 8))
      await expect(open({ ...answer, id: `ENC_${bytesToHex(bytes)}` })).rejects.toMatchObject({
        code: 'ERR_ENVELOPE_DECRYPT'
      })
    }
  })

  it('refuses the answer to another request, and of the network key of another', async () => {
    const second = (await encryptRequest({}, { receiverPublicKey: network.publicKey })).senderKey
    await expect(decryptAnswer(answer, { senderKey: second })).rejects.toMatchObject({ code: 'ERR_ENVELOPE_SENDER' })
    await expect(decryptAnswer(answer, { senderKey, networkPublicKey: other.publicKey })).rejects.toMatchObject({
      code: 'ERR_ENVELOPE_KEY'
    })
    const forged = await encryptAnswer(PLAIN, other, hexToBytes(senderKey.publicKey), random)
    await expect(open(forged)).rejects.toMatchObject({ code: 'ERR_ENVELOPE_SENDER' })
    await expect(open({ ...forged, sender_public_key: bytesToHex(network.publicKey) })).rejects.toMatchObject({
      code: 'ERR_ENVELOPE_DECRYPT'
    })
  })

  it('refuses its own request sent back', async () => {
    const { body, senderKey: own } = await encryptRequest({ user: 'x' }, { receiverPublicKey: network.publicKey })
    await expect(decryptAnswer(body, { senderKey: own })).rejects.toMatchObject({ code: 'ERR_ENVELOPE_SENDER' })
    const turned = {
      ...body,
      sender_public_key: body['receiver_public_key'],
      receiver_public_key: body['sender_public_key']
    }
    await expect(decryptAnswer(turned, { senderKey: own })).rejects.toMatchObject({ code: 'ERR_ENVELOPE_DECRYPT' })
  })

  it.each([
    '',
    '[]',
    '"text"',
    '1',
    'null',
    '{',
    '{"is_encrypted":"v1"}',
    '['.repeat(9999),
    `{"a":${'['.repeat(200)}${']'.repeat(200)}}`
  ])('refuses the text %s', async (json) => {
    await expect(open(json)).rejects.toMatchObject({ name: 'EnvelopeError' })
  })

  it('quotes nothing of the answer in errors', async () => {
    const error = (await open(changed((copy) => (copy.choices[0].message.content = 'DEC_canary'))).catch(
      (cause: unknown) => cause
    )) as Error
    expect(JSON.stringify(error) + error.stack).not.toContain('canary')
  })
})
