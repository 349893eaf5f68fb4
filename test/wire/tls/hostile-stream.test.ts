/**
 * The stream after the handshake: data, KeyUpdate, tickets, alerts, ends; and the aborts that RFC 8446 asks for there.
 *
 * @module
 */
import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes } from '../../../src/encoding/index.js'
import { type AlertName, TlsError } from '../../../src/wire/tls/index.js'
import { CONTENT_TYPE, MESSAGE_TYPE } from './support/code-points.js'
import { encodeMessage, encodeNumber, encodeVector } from '../../../src/wire/tls/messages/vectors.js'
import { certificateRequest, type ScriptedServer } from './support/scripted-server.js'
import { establish } from './support/connect-scripted.js'

const { alert: ALERT, applicationData: DATA, handshake: HANDSHAKE } = CONTENT_TYPE
const EMPTY = new Uint8Array(0)

function ticket(extensions: readonly Uint8Array[] = [], body: Uint8Array = new Uint8Array(64)): Uint8Array {
  const lifetime = encodeNumber(4, 7200)
  const age = encodeNumber(4, 1)
  const parts = [lifetime, age, encodeVector(1, EMPTY), encodeVector(2, body), encodeVector(2, ...extensions)]
  return encodeMessage(MESSAGE_TYPE.newSessionTicket, ...parts)
}

const keyUpdate = (request: number): Uint8Array => encodeMessage(MESSAGE_TYPE.keyUpdate, Uint8Array.of(request))

type Script = (server: ScriptedServer) => Promise<void>

const CASES: readonly (readonly [name: string, alert: AlertName, script: Script])[] = [
  [
    'a changed record',
    'bad_record_mac',
    async (s) => {
      const record = await s.seal(DATA, new Uint8Array(10))
      record[7]! ^= 1
      await s.sendRaw(record)
    }
  ],
  [
    'a dropped record',
    'bad_record_mac',
    async (s) => {
      await s.seal(DATA, Uint8Array.of(1))
      await s.send(DATA, Uint8Array.of(2))
    }
  ],
  [
    'a repeated record',
    'bad_record_mac',
    async (s) => {
      const record = await s.seal(HANDSHAKE, ticket())
      await s.sendRaw(record, record)
    }
  ],
  [
    'records in another order',
    'bad_record_mac',
    async (s) => {
      const first = await s.seal(DATA, Uint8Array.of(1))
      await s.sendRaw(await s.seal(DATA, Uint8Array.of(2)), first)
    }
  ],
  ['a plain record', 'unexpected_message', async (s) => s.sendPlain(HANDSHAKE, ticket())],
  ['a plain alert', 'unexpected_message', async (s) => s.sendPlain(ALERT, Uint8Array.of(1, 0))],
  [
    'a change_cipher_spec',
    'unexpected_message',
    async (s) => s.sendPlain(CONTENT_TYPE.changeCipherSpec, Uint8Array.of(1))
  ],
  ['a record of 2^14 + 257 bytes', 'record_overflow', async (s) => s.sendRaw(Uint8Array.of(23, 3, 3, 0x41, 1))],
  ['content of 2^14 + 1 bytes', 'record_overflow', async (s) => s.send(DATA, new Uint8Array(16_385))],
  ['a record of an unknown type', 'unexpected_message', async (s) => s.send(77, Uint8Array.of(1))],
  ['a record without a type', 'unexpected_message', async (s) => s.send(0, new Uint8Array(3))],
  ['an empty handshake record', 'unexpected_message', async (s) => s.send(HANDSHAKE, EMPTY)],
  ['an empty alert', 'unexpected_message', async (s) => s.send(ALERT, EMPTY)],
  ['a short alert', 'decode_error', async (s) => s.send(ALERT, Uint8Array.of(1))],
  ['a HelloRequest: renegotiation', 'unexpected_message', async (s) => s.send(HANDSHAKE, encodeMessage(0))],
  ['a ClientHello', 'unexpected_message', async (s) => s.send(HANDSHAKE, s.clientHello)],
  ['a ServerHello', 'unexpected_message', async (s) => s.send(HANDSHAKE, s.serverHello())],
  [
    'a CertificateRequest after the handshake',
    'unexpected_message',
    async (s) => s.send(HANDSHAKE, certificateRequest())
  ],
  ['a second Finished', 'unexpected_message', async (s) => s.send(HANDSHAKE, encodeMessage(20, new Uint8Array(32)))],
  ['KeyUpdate with another value', 'illegal_parameter', async (s) => s.send(HANDSHAKE, keyUpdate(2))],
  ['an empty KeyUpdate', 'decode_error', async (s) => s.send(HANDSHAKE, encodeMessage(MESSAGE_TYPE.keyUpdate))],
  ['a long KeyUpdate', 'decode_error', async (s) => s.send(HANDSHAKE, encodeMessage(24, Uint8Array.of(0, 0)))],
  [
    'a ticket behind KeyUpdate in one record',
    'unexpected_message',
    async (s) => s.send(HANDSHAKE, concatBytes(keyUpdate(0), ticket()))
  ],
  [
    'the old key after KeyUpdate',
    'bad_record_mac',
    async (s) => {
      await s.send(HANDSHAKE, keyUpdate(0))
      await s.send(DATA, Uint8Array.of(1))
    }
  ],
  [
    'the new key without KeyUpdate',
    'bad_record_mac',
    async (s) => {
      await s.updateOutgoing()
      await s.send(DATA, Uint8Array.of(1))
    }
  ],
  ['an empty ticket', 'decode_error', async (s) => s.send(HANDSHAKE, ticket([], EMPTY))],
  [
    'a ticket with a duplicate extension',
    'illegal_parameter',
    async (s) => {
      const extension = concatBytes(encodeNumber(2, 42), encodeVector(2, new Uint8Array(4)))
      await s.send(HANDSHAKE, ticket([extension, extension]))
    }
  ],
  ['a truncated ticket', 'decode_error', async (s) => s.send(HANDSHAKE, encodeMessage(4, ticket().subarray(4, -1)))],
  [
    'data inside a handshake message',
    'unexpected_message',
    async (s) => {
      const message = ticket()
      await s.send(HANDSHAKE, message.subarray(0, 20))
      await s.send(DATA, Uint8Array.of(1))
    }
  ],
  [
    'a handshake message of more than 128 kB',
    'illegal_parameter',
    async (s) => s.send(HANDSHAKE, Uint8Array.of(4, 2, 0, 1))
  ],
  [
    'a flood of empty records',
    'unexpected_message',
    async (s) => {
      for (let count = 0; count < 33; count++) await s.send(DATA, EMPTY)
    }
  ],
  [
    'a flood of padded empty records',
    'unexpected_message',
    async (s) => {
      for (let count = 0; count < 33; count++) await s.send(DATA, EMPTY, 1000)
    }
  ],
  [
    'a flood of KeyUpdates',
    'unexpected_message',
    async (s) => {
      for (let count = 0; count < 33; count++) {
        await s.send(HANDSHAKE, keyUpdate(0))
        await s.updateOutgoing()
      }
    }
  ],
  [
    'a flood of tickets',
    'unexpected_message',
    async (s) => {
      for (let count = 0; count < 33; count++) await s.send(HANDSHAKE, ticket())
    }
  ],
  [
    'a flood of warnings',
    'unexpected_message',
    async (s) => {
      for (let count = 0; count < 33; count++) await s.sendAlert('user_canceled', 1)
    }
  ]
]

describe('hostile server after the handshake', () => {
  it.each(CASES)('%s → %s', async (_name, alert, script) => {
    const { server, stream } = await establish()
    await script(server)
    const error = await stream.read().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TlsError)
    expect(error).toMatchObject({ code: 'ERR_TLS', phase: 'tls', alertSent: { name: alert } })
    expect(await server.waitForAlert()).toBe(alert)
    // Dead for good, with the same reason.
    await expect(stream.read()).rejects.toBe(error)
    await expect(stream.write(Uint8Array.of(1))).rejects.toBe(error)
  })

  it('hands out what came before a bad record', async () => {
    const { server, stream } = await establish()
    const good = await server.seal(DATA, Uint8Array.of(1, 2))
    const bad = await server.seal(DATA, Uint8Array.of(3))
    bad[6]! ^= 1
    await server.sendRaw(good, bad)
    expect(await stream.read()).toEqual(Uint8Array.of(1, 2))
    await expect(stream.read()).rejects.toMatchObject({ alertSent: { name: 'bad_record_mac' } })
  })

  it.each(['internal_error', 'certificate_required'] as const)('reports the alert %s', async (name) => {
    const { server, stream } = await establish()
    await server.sendAlert(name)
    await expect(stream.read()).rejects.toMatchObject({ code: 'ERR_TLS', alertReceived: { name } })
    expect(await server.waitForAlert()).toBeUndefined()
  })
})

describe('data', () => {
  it('skips tickets and empty records, and strips padding', async () => {
    const { server, stream } = await establish()
    await server.send(HANDSHAKE, ticket([concatBytes(encodeNumber(2, 4711), encodeVector(2, EMPTY))]))
    await server.send(HANDSHAKE, ticket())
    await server.send(DATA, EMPTY)
    await server.send(DATA, Uint8Array.of(5, 0, 0), 300)
    expect(await stream.read()).toEqual(Uint8Array.of(5, 0, 0))
  })

  it('puts a ticket together from records of one byte', async () => {
    const { server, stream } = await establish()
    for (const byte of ticket()) await server.send(HANDSHAKE, Uint8Array.of(byte))
    await server.send(DATA, Uint8Array.of(9))
    expect(await stream.read()).toEqual(Uint8Array.of(9))
  })

  it('forgets the count of quiet records when data comes', async () => {
    const { server, stream } = await establish()
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < 32; count++) await server.send(DATA, EMPTY)
      await server.send(DATA, Uint8Array.of(round))
      expect(await stream.read()).toEqual(Uint8Array.of(round))
    }
  })

  it('sends parallel writes of several records in order', async () => {
    const { server, stream } = await establish()
    const parts = [40_000, 1, 300_000, 16_384, 16_385].map((length, index) => new Uint8Array(length).fill(index + 1))
    await Promise.all(parts.map((part) => stream.write(part)))
    const expected = concatBytes(...parts)
    const received: Uint8Array[] = []
    for (let length = 0; length < expected.length;) {
      const record = await server.nextRecord()
      expect(record?.type).toBe(DATA)
      expect(record!.content.length).toBeLessThanOrEqual(16_384)
      received.push(record!.content)
      length += record!.content.length
    }
    expect(equalBytes(concatBytes(...received), expected)).toBe(true)
  })

  it('pads what it sends when asked to', async () => {
    const { server, stream } = await establish({ options: { paddingMultiple: 512 } })
    const lengths: number[] = []
    for (const length of [1, 511, 512, 16_384]) {
      await stream.write(new Uint8Array(length).fill(1))
      const record = await server.nextRecord()
      lengths.push(record!.content.length)
    }
    expect(lengths).toEqual([1, 511, 512, 16_384])
  })

  it('reads while a write waits for a peer that does not read', async () => {
    const { server, stream } = await establish({ link: { forward: { capacityBytes: 4096 } } })
    const writing = stream.write(new Uint8Array(100_000))
    await server.send(DATA, Uint8Array.of(1))
    expect(await stream.read()).toEqual(Uint8Array.of(1))
    for (let received = 0; received < 100_000;) received += (await server.nextRecord())!.content.length
    await writing
  })
})

describe('KeyUpdate', () => {
  it('follows the server through many, with records already in flight', async () => {
    const { server, stream } = await establish()
    for (let round = 0; round < 40; round++) {
      const before = await server.seal(DATA, Uint8Array.of(round))
      const update = await server.seal(HANDSHAKE, keyUpdate(0))
      await server.updateOutgoing()
      // One chunk: the record after the update is opened ahead with the wrong key and must be opened again.
      await server.sendRaw(before, update, await server.seal(DATA, Uint8Array.of(round, round)))
      expect(await stream.read()).toEqual(Uint8Array.of(round))
      expect(await stream.read()).toEqual(Uint8Array.of(round, round))
    }
  })

  it('answers a request with its own, then uses the new key', async () => {
    const { server, stream } = await establish()
    await server.send(HANDSHAKE, keyUpdate(1))
    await server.updateOutgoing()
    await server.send(DATA, Uint8Array.of(1))
    expect(await stream.read()).toEqual(Uint8Array.of(1))
    expect(await server.nextRecord()).toMatchObject({ type: HANDSHAKE, content: keyUpdate(0) })
    await server.updateIncoming()
    await stream.write(Uint8Array.of(2))
    expect(await server.nextRecord()).toMatchObject({ type: DATA, content: Uint8Array.of(2) })
  })

  it('a peer that asks for ever and does not read gets one answer waiting, not one for each request', async () => {
    const { server, stream } = await establish({ link: { forward: { capacityBytes: 10 } } })
    for (let round = 0; round < 60; round++) {
      await server.send(HANDSHAKE, keyUpdate(1))
      await server.updateOutgoing()
      await server.send(DATA, Uint8Array.of(round))
      expect(await stream.read()).toEqual(Uint8Array.of(round))
    }
    const written = stream.write(Uint8Array.of(9))
    let answers = 0
    for (;;) {
      const record = await server.nextRecord()
      if (record?.type !== HANDSHAKE) {
        expect(record).toMatchObject({ type: DATA, content: Uint8Array.of(9) })
        break
      }
      expect(record.content).toEqual(keyUpdate(0))
      answers++
      await server.updateIncoming()
    }
    await written
    expect(answers).toBeGreaterThanOrEqual(1)
    expect(answers).toBeLessThanOrEqual(2)
  })

  it('starts one, and asks the peer for its own', async () => {
    const { server, stream } = await establish()
    for (const requestPeer of [false, true]) {
      await stream.updateKeys(requestPeer)
      expect(await server.nextRecord()).toMatchObject({ type: HANDSHAKE, content: keyUpdate(requestPeer ? 1 : 0) })
      await server.updateIncoming()
      await stream.write(Uint8Array.of(3))
      expect(await server.nextRecord()).toMatchObject({ type: DATA, content: Uint8Array.of(3) })
    }
  })
})

describe('the end', () => {
  it('close_notify: null for good, nothing behind it is looked at, writes still work', async () => {
    const { server, stream } = await establish()
    await server.send(DATA, Uint8Array.of(1))
    await server.sendAlert('close_notify')
    await server.send(DATA, Uint8Array.of(2))
    await server.sendRaw(new Uint8Array(30).fill(255))
    expect(await stream.read()).toEqual(Uint8Array.of(1))
    expect(stream.ending).toBe('open')
    expect(await stream.read()).toBeNull()
    expect(await stream.read()).toBeNull()
    expect(stream.ending).toBe('close_notify')
    await stream.write(Uint8Array.of(3))
    expect((await server.nextRecord())?.content).toEqual(Uint8Array.of(3))
  })

  it('bare end: null, marked as truncated', async () => {
    const { server, stream } = await establish()
    await server.send(DATA, Uint8Array.of(1))
    await server.close()
    expect(await stream.read()).toEqual(Uint8Array.of(1))
    expect(await stream.read()).toBeNull()
    expect(await stream.read()).toBeNull()
    expect(stream.ending).toBe('truncated')
  })

  it('bare end where close_notify is required: ERR_CONNECTION_LOST', async () => {
    const { server, stream } = await establish({ options: { requireCloseNotify: true } })
    await server.close()
    await expect(stream.read()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST', phase: 'tls' })
    expect(stream.ending).toBe('truncated')
  })

  it('an end inside a record, and inside a message: ERR_CONNECTION_LOST', async () => {
    for (const inside of ['record', 'message'] as const) {
      const { server, stream } = await establish()
      if (inside === 'record') await server.sendRaw((await server.seal(DATA, new Uint8Array(99))).subarray(0, 50))
      else await server.send(HANDSHAKE, ticket().subarray(0, 10))
      await server.close()
      await expect(stream.read()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST', phase: 'tls' })
    }
  })

  it('a reset: ERR_CONNECTION_LOST', async () => {
    const { server, stream } = await establish()
    const reading = stream.read()
    await server.close('gone')
    await expect(reading).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
  })

  it('close: what was written, then close_notify, then the end; later calls give ERR_CLOSED', async () => {
    const { server, stream } = await establish()
    const reading = stream.read().catch((error: unknown) => error)
    void stream.write(new Uint8Array(200_000))
    await stream.close()
    await stream.close()
    expect(await reading).toMatchObject({ code: 'ERR_CLOSED' })
    await expect(stream.read()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(stream.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(stream.exportKeyingMaterial('x', EMPTY, 1)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    let received = 0
    for (;;) {
      const record = (await server.nextRecord())!
      if (record.type === ALERT) {
        expect(record).toMatchObject({ content: Uint8Array.of(1, 0), isProtected: true })
        break
      }
      received += record.content.length
    }
    expect(received).toBe(200_000)
    expect(await server.nextRecord()).toBeUndefined()
  })

  it('close with a reason: a reset, without close_notify', async () => {
    const { server, stream } = await establish()
    await stream.close(new Error('no more'))
    expect(await server.waitForAlert()).toBeUndefined()
  })
})

describe('exporter', () => {
  it('gives both sides the same bytes, which depend on label, context and connection', async () => {
    const { server, stream } = await establish()
    const context = Uint8Array.of(1, 2, 3)
    const exported = await stream.exportKeyingMaterial('EXPORTER-test', context, 80)
    expect(exported).toEqual(await server.exportKeyingMaterial('EXPORTER-test', context, 80))
    expect(await stream.exportKeyingMaterial('EXPORTER-other', context, 80)).not.toEqual(exported)
    expect(await stream.exportKeyingMaterial('EXPORTER-test', EMPTY, 80)).not.toEqual(exported)
    const other = await establish()
    expect(await other.stream.exportKeyingMaterial('EXPORTER-test', context, 80)).not.toEqual(exported)
  })

  it.each([0, -1, 8161, 1.5])('refuses a length of %s', async (length) => {
    const { stream } = await establish()
    await expect(stream.exportKeyingMaterial('x', EMPTY, length)).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  })
})
