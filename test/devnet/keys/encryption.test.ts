import { afterEach, describe, expect, it } from 'vitest'

import { fromDevnet, startDevnet, type Devnet, type DevnetOptions } from '../../../src/devnet/index.js'
import { openRequest } from '../../../src/devnet/worker/encryption.js'
import { rewriteRequest2026 } from '../../../src/devnet/worker/request-2026.js'
import { bytesToHex, hexToBytes } from '../../../src/encoding/index.js'
import { networkKeyPair } from '../../../src/envelope/index.js'
import { Cocoon, type CocoonOptions } from '../../../src/index.js'
import { acceptFakeTee } from '../../../src/unsafe.js'
import { KEYS } from '../../envelope/vectors.js'
import { missingShared, readSharedBytes, readSharedJson, sharedPath } from '../../support/shared.js'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const item of opened.splice(0).toReversed()) await item[Symbol.asyncDispose]()
})

async function setUp(
  options: DevnetOptions = {},
  client: Partial<CocoonOptions> = {}
): Promise<{ devnet: Devnet; cocoon: Cocoon }> {
  const devnet = await startDevnet({ difficultyBits: 0, tee: { kind: 'fake' }, encryption: true, ...options })
  opened.push(devnet)
  const { network, account } = devnet
  const cocoon = new Cocoon({ network, account, attestation: acceptFakeTee(), encryption: 'required', ...client })
  opened.push(cocoon)
  return { devnet, cocoon }
}

const question = (content = 'what a canary', model = 'devnet/echo') => ({
  model,
  messages: [{ role: 'user' as const, content }]
})

async function collect(cocoon: Cocoon, model?: string): Promise<string> {
  let text = ''
  for await (const { choices } of await cocoon.chat.completions.create({ ...question(undefined, model), stream: true }))
    text += choices[0]?.delta.content ?? ''
  return text
}

describe('encrypted calls', () => {
  it.each(['event-by-event', 'apr-2026'] as const)('whole and streamed, worker %s', async (worker) => {
    const { devnet, cocoon } = await setUp({ worker, streamFormat: worker === 'apr-2026' ? 'ndjson' : 'sse' })
    const { data, encrypted } = await cocoon.chat.completions.create(question()).withResponse()
    expect(encrypted).toBe(true)
    expect(data.choices[0]?.message.content).toContain('canary')
    expect(data.usage?.total_cost).toBeGreaterThan(0)
    expect(await collect(cocoon)).toContain('canary')
    expect(devnet.requests.every(({ publicKey }) => publicKey?.length === 32)).toBe(true)
  })

  it('preferred encrypts by default where it can', async () => {
    const { cocoon } = await setUp({}, { encryption: undefined })
    expect((await cocoon.chat.completions.create(question()).withResponse()).encrypted).toBe(true)
    const report = await cocoon.encryption()
    expect(report).toMatchObject({ mode: 'preferred', keySource: 'given' })
    expect(report.usableKeys).toHaveLength(1)
    const old = await setUp({ version: 'dec-2025' }, { encryption: undefined })
    expect((await old.cocoon.chat.completions.create(question()).withResponse()).encrypted).toBe(false)
  })

  it('required sends nothing to an old proxy', async () => {
    const { devnet, cocoon } = await setUp({ version: 'dec-2025' })
    await expect(cocoon.chat.completions.create(question())).rejects.toMatchObject({
      code: 'ERR_ENCRYPTION_UNAVAILABLE'
    })
    expect(devnet.requests).toEqual([])
  })

  it('works with the description of a devnet, and transcribes', async () => {
    const { devnet } = await setUp({ workers: [{ model: 'devnet/echo' }] })
    expect(fromDevnet({ ...devnet.describe() }).network.encryptionKeys).toEqual(devnet.network.encryptionKeys)
    const { cocoon } = await setUp({
      upstream: async ({ json }) => ({
        status: 200,
        reason: 'OK',
        headers: [['content-type', 'application/json']],
        body: (async function* () {
          yield new TextEncoder().encode(JSON.stringify({ text: `heard ${String(json['language'])}` }))
        })()
      })
    })
    const file = new File(['sound of a canary'], 'canary.mp3')
    const { data, encrypted } = await cocoon.audio.transcriptions
      .create({ model: 'devnet/echo', file, language: 'en' })
      .withResponse()
    expect(data).toEqual({ text: 'heard en' })
    expect(encrypted).toBe(true)
  })

  it('rotates keys without losing streams', async () => {
    const { devnet, cocoon } = await setUp({ tokenDelayMs: 1 })
    const stream = await cocoon.chat.completions.create({ ...question('one two three four five six'), stream: true })
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    devnet.forgetKeys()
    await devnet.rotateKey(100_000)
    expect(await collect(cocoon)).toContain('canary')
    let last
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) last = step.value
    expect(last).toBeDefined()
    expect(bytesToHex(devnet.requests.at(-1)!.publicKey!)).toBe(devnet.network.encryptionKeys[1]!.publicKey)
  })

  it('tries the next key when the proxies do not know the newest, and never clear text', async () => {
    const { devnet, cocoon } = await setUp()
    devnet.forgetKeys()
    await devnet.rotateKey(10_000)
    expect(await collect(cocoon)).toContain('canary')
    expect(devnet.requests.map(({ error }) => error?.code)).toEqual([602, undefined])
    devnet.forgetKeys()
    await expect(collect(cocoon)).rejects.toMatchObject({
      code: 'ERR_ENCRYPTION_UNAVAILABLE',
      retryable: true,
      charged: 'no'
    })
    expect(devnet.requests.every(({ publicKey }) => publicKey !== undefined)).toBe(true)
  })

  it('does not use keys that end too soon, and proxies forget them', async () => {
    let nowMs = Date.now()
    const { devnet, cocoon } = await setUp({ encryption: false, now: () => nowMs })
    await devnet.rotateKey(100)
    await expect(collect(cocoon)).rejects.toMatchObject({ code: 'ERR_ENCRYPTION_UNAVAILABLE' })
    expect(devnet.requests).toEqual([])
    await devnet.rotateKey(1000)
    nowMs += 1_001_000
    await expect(collect(cocoon)).rejects.toMatchObject({ code: 'ERR_ENCRYPTION_UNAVAILABLE', peerCode: 602 })
  })

  it('an old worker of the market gets no encrypted request', async () => {
    const { cocoon } = await setUp({ worker: 'dec-2025' })
    await expect(collect(cocoon)).rejects.toMatchObject({ code: 'ERR_QUERY_REFUSED', peerCode: 651 })
  })
})

describe('faults', () => {
  it.each([
    ['e2e-unknown-key', 'ERR_ENCRYPTION_UNAVAILABLE', 'no'],
    ['e2e-plaintext', 'ERR_ENVELOPE_PLAINTEXT', 'unknown'],
    ['e2e-downgrade', 'ERR_ENVELOPE_PLAINTEXT', 'unknown'],
    ['e2e-wrong-sender', 'ERR_ENVELOPE_SENDER', 'unknown'],
    ['e2e-wrong-receiver', 'ERR_ENVELOPE_SENDER', 'unknown'],
    ['e2e-tampered', 'ERR_ENVELOPE_DECRYPT', 'unknown'],
    ['e2e-replayed', 'ERR_ENVELOPE_DECRYPT', 'unknown']
  ])('%s is %s', async (fault, code, charged) => {
    const { devnet, cocoon } = await setUp({ faults: [fault] })
    await expect(collect(cocoon)).rejects.toMatchObject({ code, charged })
    expect(devnet.requests).toHaveLength(1)
    devnet.setFault()
    expect(await collect(cocoon)).toContain('canary')
  })
})

describe('workers', () => {
  const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

  it('refuse as the reference does', async () => {
    const pair = await networkKeyPair(hexToBytes(KEYS.networkSeed))
    const envelope = {
      is_encrypted: 'v1',
      sender_public_key: KEYS.clientPublic,
      receiver_public_key: KEYS.networkPublic,
      encryption_nonce: KEYS.nonce
    }
    const cases: [object, typeof pair | undefined, number, string][] = [
      [{ model: 'm' }, pair, 602, 'encryption key is provided, but request is unencrypted'],
      [{ ...envelope }, undefined, 602, 'cannot find private key for an encrypted request'],
      [{ ...envelope, encryption_nonce: 1 }, pair, 602, 'not all encryption-related fields are present'],
      [{ ...envelope, receiver_public_key: KEYS.clientPublic }, pair, 602, 'public key mismatch'],
      [{ ...envelope, user: 'plain' }, pair, 621, 'bad encryption method: '],
      [{ ...envelope, user: `ENC_${'00'.repeat(32)}` }, pair, 0, 'Failed to decrypt: msg_id mismatch']
    ]
    for (const [body, key, code, message] of cases)
      await expect(openRequest(false, '', encode(body), key)).rejects.toMatchObject({ code, message })
    expect((await openRequest(false, '', encode({ model: 'm' }), undefined)).seal).toBeUndefined()
  })

  const RECORDED = ['e2e-nonstream', 'e2e-stream-ndjson'].filter(
    (name) => sharedPath(`transcripts/2026-04/${name}.upstream.json`) !== undefined
  )

  it.skipIf(RECORDED.length === 0)(
    `open recorded requests as the reference (${missingShared('transcripts')})`,
    async () => {
      const pair = await networkKeyPair(hexToBytes(KEYS.networkSeed))
      for (const name of RECORDED) {
        const { raw, body } = readSharedJson<{ raw?: string; body: unknown }>(
          `transcripts/2026-04/${name}.upstream.json`
        )
        const http = new TextDecoder().decode(readSharedBytes(`transcripts/2026-04/${name}.http.txt`))
        const request = http.split('\n').find((line) => line.startsWith('{') && line.includes('"ENC_'))!
        const { payload, seal } = await openRequest(false, '', new TextEncoder().encode(request), pair)
        const rewritten = rewriteRequest2026('/v1/chat/completions', '', payload, 'Qwen/Qwen3-8B')
        const text = new TextDecoder().decode(rewritten.body)
        expect(JSON.parse(text)).toEqual(body)
        if (raw !== undefined) expect(text).toBe(raw)
        expect(seal).toBeDefined()
      }
    }
  )
})
