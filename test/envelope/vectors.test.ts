import { describe, expect, it } from 'vitest'

import { bytesToHex, hexToBytes } from '../../src/encoding/index.js'
import {
  decryptAnswer,
  decryptFormParts,
  decryptRequest,
  encryptAnswer,
  encryptForm,
  encryptRequest,
  networkKeyPair
} from '../../src/envelope/index.js'
import { agree, publicKeyOf } from '../../src/envelope/seeded-agreement.js'
import { deriveMessageKeys } from '../../src/envelope/message-keys.js'
import { toMontgomery } from '../../src/envelope/montgomery.js'
import { openText, sealText } from '../../src/envelope/string-cipher.js'
import { missingShared, readSharedBytes, readSharedJson, sharedPath } from '../support/shared.js'
import { dump, KEYS, listedRandom, STRINGS } from './vectors.js'

const FILE = 'vectors/e2e-v3.json'

interface Vectors {
  readonly strings: readonly { text: string; random_prefix_before_fix: string; wire: string }[]
  readonly json: readonly {
    name: string
    direction: 'c' | 'w'
    plain: string
    random_nonce: string
    random_prefixes_in_walk_order: readonly string[]
    encrypted: string
  }[]
  readonly multipart: {
    content_type: string
    file_hex: string
    random_nonce: string
    random_prefixes_in_field_name_order: readonly string[]
    body: string
  }
}

const client = hexToBytes(KEYS.clientSeed)
const network = hexToBytes(KEYS.networkSeed)

describe('keys', () => {
  it('derives public keys, their X25519 form and the shared secret', async () => {
    expect(bytesToHex(await publicKeyOf(client))).toBe(KEYS.clientPublic)
    expect(bytesToHex(await publicKeyOf(network))).toBe(KEYS.networkPublic)
    expect(bytesToHex(toMontgomery(hexToBytes(KEYS.clientPublic)))).toBe(KEYS.clientU)
    expect(bytesToHex(toMontgomery(hexToBytes(KEYS.networkPublic)))).toBe(KEYS.networkU)
    expect(bytesToHex(await agree(client, hexToBytes(KEYS.networkPublic)))).toBe(KEYS.shared)
    expect(bytesToHex(await agree(network, hexToBytes(KEYS.clientPublic)))).toBe(KEYS.shared)
  })
})

describe('strings', () => {
  it.each(STRINGS)('seals and opens $text', async ({ text, random, wire }) => {
    const keys = deriveMessageKeys(hexToBytes(KEYS.shared), KEYS.nonce, 'c')
    const bytes = new TextEncoder().encode(text)
    expect(await sealText(bytes, keys, listedRandom([random]), 16)).toBe(wire)
    expect(new TextDecoder().decode(await openText(wire, keys))).toBe(text)
    expect(new TextDecoder().decode(await openText(`ENC_${wire.slice(4).toUpperCase()}`, keys))).toBe(text)
    const back = deriveMessageKeys(hexToBytes(KEYS.shared), KEYS.nonce, 'w')
    await expect(openText(wire, back)).rejects.toMatchObject({ code: 'ERR_ENVELOPE_DECRYPT' })
  })
})

describe.skipIf(sharedPath(FILE) === undefined)(`vectors of the reference (${missingShared(FILE)})`, () => {
  const vectors = sharedPath(FILE) === undefined ? undefined : readSharedJson<Vectors>(FILE)

  it('seals and opens every string', async () => {
    const keys = deriveMessageKeys(hexToBytes(KEYS.shared), KEYS.nonce, 'c')
    for (const { text, random_prefix_before_fix: prefix, wire } of vectors!.strings) {
      expect(await sealText(new TextEncoder().encode(text), keys, listedRandom([prefix]), 16)).toBe(wire)
      expect(new TextDecoder().decode(await openText(wire, keys))).toBe(text)
    }
    expect(vectors!.strings.length).toBe(8)
  })

  it.each(vectors?.json.filter(({ direction }) => direction === 'c') ?? [])('request: $name', async (vector) => {
    const random = listedRandom([client, vector.random_nonce, ...vector.random_prefixes_in_walk_order])
    const { body, senderKey } = await encryptRequest(JSON.parse(vector.plain), {
      receiverPublicKey: KEYS.networkPublicBase64,
      random,
      isTest: true
    })
    expect(JSON.stringify(body)).toBe(vector.encrypted)
    expect(random.left).toBe(0)
    expect(senderKey.publicKey).toBe(KEYS.clientPublic)
    const opened = await decryptRequest(JSON.parse(vector.encrypted), network)
    expect(dump(opened.body)).toBe(vector.plain)
  })

  it.each(vectors?.json.filter(({ direction }) => direction === 'w') ?? [])('answer: $name', async (vector) => {
    const { senderKey } = await encryptRequest(
      {},
      { receiverPublicKey: KEYS.networkPublic, random: listedRandom([client, new Uint8Array(32)]), isTest: true }
    )
    expect(dump(await decryptAnswer(vector.encrypted, { senderKey, networkPublicKey: KEYS.networkPublic }))).toBe(
      vector.plain
    )
    const random = listedRandom([vector.random_nonce, ...vector.random_prefixes_in_walk_order])
    const pair = await networkKeyPair(network)
    const sealed = await encryptAnswer(JSON.parse(vector.plain), pair, hexToBytes(KEYS.clientPublic), random)
    expect(JSON.stringify(sealed)).toBe(vector.encrypted)
  })

  it('form', async () => {
    const { multipart } = vectors!
    const parse = (): Promise<FormData> =>
      new Response(multipart.body, { headers: { 'content-type': multipart.content_type } }).formData()
    const expected = new Map<string, string>()
    for (const [name, value] of await parse())
      expected.set(name, typeof value === 'string' ? value : await value.text())
    const { parts } = await decryptFormParts(expected, network)
    expect(bytesToHex(parts.get('file')!)).toBe(multipart.file_hex)
    const plain = new FormData()
    for (const [name, value] of expected)
      if (!value.startsWith('ENC_') && !/_encrypted|_key|_nonce/.test(name)) plain.append(name, value)
    for (const [name, value] of parts)
      if (name === 'file') plain.append(name, new Blob([value as BlobPart]), 'a.wav')
      else plain.append(name, new TextDecoder().decode(value))
    const { form } = await encryptForm(plain, {
      receiverPublicKey: KEYS.networkPublic,
      isTest: true,
      random: listedRandom([client, multipart.random_nonce, ...multipart.random_prefixes_in_field_name_order])
    })
    const made = new Map<string, string>()
    for (const [name, value] of form) made.set(name, typeof value === 'string' ? value : await value.text())
    expect(Object.fromEntries(made)).toEqual(Object.fromEntries(expected))
    expect((form.get('file') as File).name).toBe('audio.wav')
  })
})

const RECORDED = 'transcripts/2026-04/e2e-stream-ndjson.client.jsonl'

describe.skipIf(sharedPath(RECORDED) === undefined)(`recorded conversations (${missingShared(RECORDED)})`, () => {
  /** JSON documents of a recording that carry an envelope, in order. */
  function documents(name: string): Record<string, unknown>[] {
    const text = new TextDecoder().decode(readSharedBytes(`transcripts/2026-04/${name}.http.txt`))
    return text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes('"ENC_'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  it.each([
    ['e2e-nonstream', 1],
    ['e2e-stream-ndjson', 7]
  ])('opens %s', async (name, minimum) => {
    const seed = readSharedBytes('transcripts/2026-04/client-e2e.key')
    const [request, ...answers] = documents(name)
    expect(JSON.stringify((await decryptRequest(request!, network)).body)).toContain('the secret is SWORDFISH')
    const { senderKey } = await encryptRequest(
      {},
      { receiverPublicKey: KEYS.networkPublic, random: listedRandom([seed, new Uint8Array(32)]), isTest: true }
    )
    expect(answers.length).toBeGreaterThanOrEqual(minimum)
    let text = ''
    for (const answer of answers) {
      const opened = (await decryptAnswer(answer, { senderKey })) as {
        choices: { message?: { content: string }; delta?: { content?: string } }[]
      }
      text += opened.choices.map(({ message, delta }) => message?.content ?? delta?.content ?? '').join('')
    }
    expect(text).toBe(' tok0 tok1 tok2 tok3')
  })
})
