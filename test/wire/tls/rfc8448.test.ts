/**
 * The key schedule and the record layer against the values that RFC 8448 §3 prints.
 *
 * @module
 */
import { createCipheriv } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { bytesToHex, concatBytes, hexToBytes } from '../../../src/encoding/index.js'
import {
  asBuffer,
  CIPHER_SUITES,
  createSecret,
  digest,
  keepSecret,
  type Secret
} from '../../../src/wire/tls/cipher-suites.js'
import { createPortableKeyShare } from '../../../src/wire/tls/key-exchange.js'
import {
  deriveHandshakeSecrets,
  deriveSecret,
  expandLabel,
  exportKeyingMaterial,
  handshakeSalt,
  type HandshakeSecrets
} from '../../../src/wire/tls/key-schedule.js'
import { checkEncryptedExtensions } from '../../../src/wire/tls/messages/encrypted-extensions.js'
import { checkNewSessionTicket } from '../../../src/wire/tls/messages/post-handshake.js'
import { decodeServerHello } from '../../../src/wire/tls/messages/server-hello.js'
import { RecordProtection } from '../../../src/wire/tls/record-protection.js'
import { RFC8448_SIMPLE as RFC } from '../../vectors/rfc8448.js'

const suite = CIPHER_SUITES.TLS_AES_128_GCM_SHA256
const NOTHING = new Uint8Array(0)
const hex = (name: keyof typeof RFC): Uint8Array => hexToBytes(RFC[name])
/** Both kinds of a secret: on this thread, and kept by WebCrypto. */
const kinds = (name: keyof typeof RFC): readonly Secret[] => [
  createSecret(suite, hex(name)),
  keepSecret(suite, hex(name))
]
const label = async (secret: Secret, name: string, context: Uint8Array = NOTHING, length = 32): Promise<string> =>
  bytesToHex(await expandLabel(suite, secret, name, context, length))
const transcript = (...names: (keyof typeof RFC)[]): Promise<Uint8Array> =>
  digest(suite, concatBytes(...names.map(hex)))

describe('RFC 8448 §3: key schedule', () => {
  let secrets: HandshakeSecrets
  let shared: Uint8Array
  beforeAll(async () => {
    shared = hex('sharedSecret')
    secrets = await deriveHandshakeSecrets(suite, shared, hex('helloHash'))
  })

  it('X25519', async () => {
    const secretKey = hex('clientPrivateKey')
    const share = await createPortableKeyShare({ secretKey, publicKey: new Uint8Array(32) })
    expect(bytesToHex(await share.agree(hex('serverPublicKey')))).toBe(RFC.sharedSecret)
    expect(secretKey).toEqual(new Uint8Array(32))
  })

  it('extracts and derives, step by step', async () => {
    const emptyHash = await digest(suite, NOTHING)
    const zeros = new Uint8Array(32)
    expect(bytesToHex(await createSecret(suite, zeros.slice()).mac(zeros))).toBe(RFC.earlySecret)
    for (const early of kinds('earlySecret'))
      expect(await label(early, 'derived', emptyHash)).toBe(RFC.derivedForHandshake)
    const salt = await handshakeSalt(suite)
    expect(bytesToHex(await salt.mac(hex('sharedSecret')))).toBe(RFC.handshakeSecret)
    for (const handshake of kinds('handshakeSecret')) {
      expect(await label(handshake, 'c hs traffic', hex('helloHash'))).toBe(RFC.clientHandshakeTraffic)
      expect(await label(handshake, 's hs traffic', hex('helloHash'))).toBe(RFC.serverHandshakeTraffic)
      expect(await label(handshake, 'derived', emptyHash)).toBe(RFC.derivedForMaster)
    }
    for (const salt of kinds('derivedForMaster')) expect(bytesToHex(await salt.mac(zeros))).toBe(RFC.masterSecret)
  })

  it('expands beyond one block alike on both ways', async () => {
    const [here, kept] = kinds('handshakeSecret')
    expect(await label(here!, 'long', NOTHING, 100)).toBe(await label(kept!, 'long', NOTHING, 100))
  })

  it('gives the secrets of the handshake as a whole, and erases what they were made from', async () => {
    const same = async (secret: Secret, name: keyof typeof RFC): Promise<void> =>
      expect(await secret.mac(hex('helloHash'))).toEqual(await keepSecret(suite, hex(name)).mac(hex('helloHash')))
    await same(secrets.client, 'clientHandshakeTraffic')
    await same(secrets.server, 'serverHandshakeTraffic')
    await same(secrets.master, 'masterSecret')
    expect(shared).toEqual(new Uint8Array(32))
    const raw = hex('masterSecret')
    createSecret(suite, raw)
    expect(raw).toEqual(new Uint8Array(32))
  })

  it('forgets what it is told to erase', async () => {
    const secret = createSecret(suite, hex('masterSecret'))
    secret.erase()
    expect(bytesToHex(await secret.mac(NOTHING))).not.toBe(
      bytesToHex(await createSecret(suite, hex('masterSecret')).mac(NOTHING))
    )
  })

  it('hashes the transcript', async () => {
    expect(bytesToHex(await transcript('clientHello', 'serverHello'))).toBe(RFC.helloHash)
    const all = await transcript(
      'clientHello',
      'serverHello',
      'encryptedExtensions',
      'certificate',
      'certificateVerify',
      'serverFinished'
    )
    expect(bytesToHex(all)).toBe(RFC.finishedHash)
  })

  it('makes traffic keys', async () => {
    const expected = [
      ['serverHandshakeTraffic', 'serverHandshakeKey', 'serverHandshakeIv'],
      ['clientHandshakeTraffic', 'clientHandshakeKey', 'clientHandshakeIv'],
      ['serverApplicationTraffic', 'serverApplicationKey', 'serverApplicationIv']
    ] as const
    for (const [secret, writeKey, iv] of expected) {
      for (const kind of kinds(secret)) {
        expect(await label(kind, 'key', NOTHING, 16)).toBe(RFC[writeKey])
        expect(await label(kind, 'iv', NOTHING, 12)).toBe(RFC[iv])
      }
    }
  })

  it('makes both Finished', async () => {
    expect(await label(secrets.server, 'finished')).toBe(RFC.serverFinishedKey)
    const throughVerify = await transcript(
      'clientHello',
      'serverHello',
      'encryptedExtensions',
      'certificate',
      'certificateVerify'
    )
    const server = await (await deriveSecret(suite, secrets.server, 'finished')).mac(throughVerify)
    expect(`14000020${bytesToHex(server)}`).toBe(RFC.serverFinished)
    const client = await (await deriveSecret(suite, secrets.client, 'finished')).mac(hex('finishedHash'))
    expect(`14000020${bytesToHex(client)}`).toBe(RFC.clientFinished)
  })

  it('derives application and exporter secrets', async () => {
    const { master } = secrets
    const finished = hex('finishedHash')
    expect(await label(master, 'c ap traffic', finished)).toBe(RFC.clientApplicationTraffic)
    expect(await label(master, 's ap traffic', finished)).toBe(RFC.serverApplicationTraffic)
    expect(await label(master, 'exp master', finished)).toBe(RFC.exporterMaster)
    const [here, kept] = kinds('exporterMaster')
    expect(await exportKeyingMaterial(suite, here!, 'x', NOTHING, 40)).toEqual(
      await exportKeyingMaterial(suite, kept!, 'x', NOTHING, 40)
    )
  })
})

describe('RFC 8448 §3: messages', () => {
  it('reads ServerHello', () => {
    const offer = { sessionId: NOTHING, suites: [suite] }
    const { group, publicKey } = decodeServerHello(hex('serverHello').subarray(4), offer)
    expect(group).toBe(0x001d)
    expect(bytesToHex(publicKey)).toBe(RFC.serverPublicKey)
  })

  it('refuses its EncryptedExtensions, which answer what we never offer', () => {
    expect(() => checkEncryptedExtensions(hex('encryptedExtensions').subarray(4))).toThrow(/extension/)
  })

  it('reads NewSessionTicket', () => {
    expect(() => checkNewSessionTicket(hex('newSessionTicket').subarray(4))).not.toThrow()
  })
})

describe('RFC 8448 §3: record protection', () => {
  it("seals the server's flight into the record that the RFC prints", async () => {
    const flight = concatBytes(
      hex('encryptedExtensions'),
      hex('certificate'),
      hex('certificateVerify'),
      hex('serverFinished')
    )
    const protection = await RecordProtection.create(suite, keepSecret(suite, hex('serverHandshakeTraffic')))
    const record = await protection.seal(22, flight)
    expect(record.length).toBe(679)
    expect(bytesToHex(record.subarray(0, 69))).toBe(
      '17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35edf' +
        '7869fcf40aa40aa2b8ea73f848a7ca07612ef9f945cb960b4068905123ea78b111b429ba'
    )
    // The rest, by an implementation that is not ours, with the key that the RFC prints.
    const cipher = createCipheriv('aes-128-gcm', hex('serverHandshakeKey'), hex('serverHandshakeIv'))
    cipher.setAAD(Uint8Array.of(0x17, 3, 3, 2, 0xa2))
    const sealed = Buffer.concat([cipher.update(flight), cipher.update(Uint8Array.of(22)), cipher.final()])
    expect(bytesToHex(record.subarray(5))).toBe(bytesToHex(concatBytes(sealed, cipher.getAuthTag())))
  })

  it('uses the record number in the nonce and opens what it sealed', async () => {
    const secret = keepSecret(suite, hex('serverApplicationTraffic'))
    const sender = await RecordProtection.create(suite, secret)
    const receiver = await RecordProtection.create(suite, secret)
    for (let number = 0; number < 300; number++) {
      const content = new Uint8Array(number).fill(number)
      const record = await sender.seal(23, content, 1 + (number % 7))
      const inner = await receiver.open(record)
      expect(inner?.subarray(0, number)).toEqual(content)
      if (number !== 299) continue
      const nonce = hex('serverApplicationIv')
      nonce[10]! ^= 1
      nonce[11]! ^= 299 & 0xff
      const raw = await crypto.subtle.importKey('raw', asBuffer(hex('serverApplicationKey')), 'AES-GCM', false, [
        'decrypt'
      ])
      const parameters = { name: 'AES-GCM', iv: asBuffer(nonce), additionalData: asBuffer(record.subarray(0, 5)) }
      const opened = await crypto.subtle.decrypt(parameters, raw, asBuffer(record.subarray(5)))
      expect(new Uint8Array(opened).subarray(0, number)).toEqual(content)
    }
  })

  it('follows KeyUpdate with "traffic upd"', async () => {
    const next = await expandLabel(suite, keepSecret(suite, hex('serverApplicationTraffic')), 'traffic upd')
    const updated = await (
      await RecordProtection.create(suite, keepSecret(suite, hex('serverApplicationTraffic')))
    ).next()
    const direct = await RecordProtection.create(suite, createSecret(suite, next))
    expect(await updated.seal(23, Uint8Array.of(1))).toEqual(await direct.seal(23, Uint8Array.of(1)))
  })
})
