/**
 * Every MUST-abort of the profile before the handshake is over: the alert that RFC 8446 names, a typed error, and nothing
 * of ours on the wire.
 *
 * @module
 */
import { describe, expect, it } from 'vitest'
import { concatBytes, hexToBytes } from '../../../src/encoding/index.js'
import { type AlertName, TlsError } from '../../../src/wire/tls/index.js'
import { CONTENT_TYPE, EXTENSION, MESSAGE_TYPE } from './support/code-points.js'
import { encodeCertificate } from '../../../src/wire/tls/messages/certificate.js'
import { encodeExtension } from '../../../src/wire/tls/messages/extensions.js'
import { encodeMessage, encodeNumber, encodeVector } from '../../../src/wire/tls/messages/vectors.js'
import { connectScripted } from './support/connect-scripted.js'
import {
  certificateRequest,
  encryptedExtensions,
  type ScriptedServer,
  type ServerHelloParts,
  tls13Version
} from './support/scripted-server.js'
import { P256_CERTIFICATE } from './support/p256-certificate.js'

type Script = (server: ScriptedServer) => Promise<void>

const u16 = (value: number): Uint8Array => encodeNumber(2, value)
const RETRY_RANDOM = hexToBytes('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c')
const CCS = Uint8Array.of(1)
const record = (type: number, length: number): Uint8Array => Uint8Array.of(type, 3, 3, length >> 8, length & 0xff)

/** Answers the ClientHello with a ServerHello of these parts. */
const hello =
  (parts: (server: ScriptedServer) => ServerHelloParts): Script =>
  async (server) => {
    await server.readHello()
    await server.sendMessage(server.serverHello(parts(server)))
  }

/** Goes on after a good ServerHello with handshake keys. */
const afterHello =
  (script: Script): Script =>
  async (server) => {
    await server.readHello()
    await server.sendMessage(server.serverHello())
    await server.installHandshakeKeys()
    await script(server)
  }

/** Goes on after EncryptedExtensions and CertificateRequest. */
const beforeCertificate = (script: Script): Script =>
  afterHello(async (server) => {
    await server.sendMessage(encryptedExtensions())
    await server.sendMessage(certificateRequest())
    await script(server)
  })

/** Goes on after a good Certificate. */
const beforeVerify = (script: Script): Script =>
  beforeCertificate(async (server) => {
    await server.sendMessage(server.certificate())
    await script(server)
  })

/** Goes on after a good CertificateVerify. */
const beforeFinished = (script: Script): Script =>
  beforeVerify(async (server) => {
    await server.sendMessage(await server.certificateVerify())
    await script(server)
  })

const flip = (bytes: Uint8Array, index = bytes.length - 1): Uint8Array => {
  const changed = bytes.slice()
  changed[index]! ^= 1
  return changed
}

const CASES: readonly (readonly [name: string, alert: AlertName, script: Script])[] = [
  // Records before keys (§5.1)
  [
    'bytes that are not TLS',
    'protocol_version',
    async (s) => (await s.readHello(), s.sendRaw(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n')))
  ],
  [
    'a record of 2^14 + 257 bytes',
    'record_overflow',
    async (s) => (await s.readHello(), s.sendRaw(record(22, 16_641)))
  ],
  [
    'a plain record of 2^14 + 1 bytes',
    'record_overflow',
    async (s) => (await s.readHello(), s.sendRaw(record(22, 16_385), new Uint8Array(16_385)))
  ],
  ['an empty handshake record', 'unexpected_message', async (s) => (await s.readHello(), s.sendRaw(record(22, 0)))],
  ['an empty alert record', 'unexpected_message', async (s) => (await s.readHello(), s.sendRaw(record(21, 0)))],
  ['a record of unknown type', 'unexpected_message', async (s) => (await s.readHello(), s.sendPlain(99, CCS))],
  [
    'application data before keys',
    'unexpected_message',
    async (s) => (await s.readHello(), s.sendPlain(23, new Uint8Array(64)))
  ],
  [
    'an alert of three bytes',
    'decode_error',
    async (s) => (await s.readHello(), s.sendPlain(21, Uint8Array.of(2, 40, 0)))
  ],
  [
    'two alerts in one record',
    'decode_error',
    async (s) => (await s.readHello(), s.sendPlain(21, Uint8Array.of(2, 40, 2, 40)))
  ],
  [
    'a change_cipher_spec with another value',
    'unexpected_message',
    async (s) => (await s.readHello(), s.sendPlain(20, Uint8Array.of(2)))
  ],
  [
    'a change_cipher_spec of two bytes',
    'unexpected_message',
    async (s) => (await s.readHello(), s.sendPlain(20, Uint8Array.of(1, 1)))
  ],
  [
    'a flood of change_cipher_spec',
    'unexpected_message',
    async (s) => {
      await s.readHello()
      for (let count = 0; count < 3; count++) await s.sendPlain(20, CCS)
    }
  ],
  [
    'a flood of warnings',
    'unexpected_message',
    async (s) => {
      await s.readHello()
      for (let count = 0; count < 5; count++) await s.sendAlert('user_canceled', 1)
    }
  ],
  [
    'a flood of warnings under keys',
    'unexpected_message',
    afterHello(async (s) => {
      for (let count = 0; count < 5; count++) await s.sendAlert('user_canceled', 1)
    })
  ],

  // ServerHello (§4.1.3, §4.1.4, §4.2)
  [
    'TLS 1.2 without extensions',
    'protocol_version',
    async (s) => {
      await s.readHello()
      await s.sendPlain(
        22,
        encodeMessage(2, u16(0x0303), new Uint8Array(32), encodeVector(1), u16(0xc02f), Uint8Array.of(0))
      )
    }
  ],
  [
    'TLS 1.2 with extensions',
    'protocol_version',
    hello(() => ({ suiteCode: 0xc02f, extensions: [encodeExtension(0xff01, Uint8Array.of(0))] }))
  ],
  ['TLS 1.1', 'protocol_version', hello(() => ({ version: 0x0302 }))],
  ['TLS 1.4 in the legacy field', 'protocol_version', hello(() => ({ version: 0x0304 }))],
  [
    'a version that was not offered',
    'illegal_parameter',
    hello((s) => ({ extensions: [encodeExtension(43, u16(0x0303)), s.keyShare()] }))
  ],
  [
    'a version list instead of a version',
    'decode_error',
    hello((s) => ({ extensions: [encodeExtension(43, u16(0x0304), u16(0x0303)), s.keyShare()] }))
  ],
  [
    'a HelloRetryRequest for the group that has a share',
    'illegal_parameter',
    hello(() => ({ random: RETRY_RANDOM, extensions: [tls13Version, encodeExtension(51, u16(0x001d))] }))
  ],
  [
    'a HelloRetryRequest for a group that was not offered',
    'illegal_parameter',
    hello(() => ({ random: RETRY_RANDOM, extensions: [tls13Version, encodeExtension(51, u16(0x0018))] }))
  ],
  [
    'a HelloRetryRequest that changes nothing',
    'illegal_parameter',
    hello(() => ({ random: RETRY_RANDOM, extensions: [tls13Version] }))
  ],
  [
    'a HelloRetryRequest with a cookie',
    'handshake_failure',
    hello(() => ({
      random: RETRY_RANDOM,
      extensions: [tls13Version, encodeExtension(44, encodeVector(2, Uint8Array.of(1)))]
    }))
  ],
  [
    'a HelloRetryRequest with an unknown extension',
    'unsupported_extension',
    hello(() => ({ random: RETRY_RANDOM, extensions: [tls13Version, encodeExtension(4711)] }))
  ],
  ['another session id', 'illegal_parameter', hello(() => ({ sessionId: new Uint8Array(32) }))],
  ['an empty session id', 'illegal_parameter', hello(() => ({ sessionId: new Uint8Array(0) }))],
  ['ChaCha20, which was not offered', 'illegal_parameter', hello(() => ({ suiteCode: 0x1303 }))],
  ['a compression method', 'illegal_parameter', hello(() => ({ compression: 1 }))],
  ['no key share', 'missing_extension', hello(() => ({ extensions: [tls13Version] }))],
  [
    'a group that was not offered',
    'illegal_parameter',
    hello((s) => ({ extensions: [tls13Version, s.keyShare(0x0018, new Uint8Array(97))] }))
  ],
  [
    'P-256, which was not offered',
    'illegal_parameter',
    hello((s) => ({ extensions: [tls13Version, s.keyShare(0x0017, new Uint8Array(65))] }))
  ],
  [
    'a short X25519 share',
    'illegal_parameter',
    hello((s) => ({ extensions: [tls13Version, s.keyShare(0x001d, new Uint8Array(31).fill(9))] }))
  ],
  [
    'an all-zero X25519 share',
    'illegal_parameter',
    hello((s) => ({ extensions: [tls13Version, s.keyShare(0x001d, new Uint8Array(32))] }))
  ],
  [
    'an empty X25519 share',
    'illegal_parameter',
    hello((s) => ({ extensions: [tls13Version, s.keyShare(0x001d, new Uint8Array(0))] }))
  ],
  [
    'a key share with trailing bytes',
    'decode_error',
    hello((s) => ({
      extensions: [tls13Version, encodeExtension(51, u16(0x1d), encodeVector(2, s.sharePublicKey), CCS)]
    }))
  ],
  [
    'a pre-shared key, which was not offered',
    'unsupported_extension',
    hello((s) => ({ extensions: [tls13Version, s.keyShare(), encodeExtension(41, u16(0))] }))
  ],
  [
    'an extension that was not offered',
    'unsupported_extension',
    hello((s) => ({ extensions: [tls13Version, s.keyShare(), encodeExtension(16, new Uint8Array(4))] }))
  ],
  [
    'supported_groups in ServerHello',
    'illegal_parameter',
    hello((s) => ({ extensions: [tls13Version, s.keyShare(), encodeExtension(10, encodeVector(2, u16(0x1d)))] }))
  ],
  [
    'a duplicated extension',
    'illegal_parameter',
    hello((s) => ({ extensions: [tls13Version, s.keyShare(), s.keyShare()] }))
  ],
  [
    'trailing bytes after ServerHello',
    'decode_error',
    async (s) => {
      await s.readHello()
      const message = s.serverHello()
      await s.sendMessage(encodeMessage(2, message.subarray(4), CCS))
    }
  ],
  [
    'a truncated extension block',
    'decode_error',
    async (s) => {
      await s.readHello()
      const message = s.serverHello()
      await s.sendMessage(encodeMessage(2, message.subarray(4, -1)))
    }
  ],
  [
    'Certificate instead of ServerHello',
    'unexpected_message',
    async (s) => (await s.readHello(), s.sendMessage(s.certificate()))
  ],
  ['a ClientHello in answer', 'unexpected_message', async (s) => (await s.readHello(), s.sendMessage(s.clientHello))],
  ['a HelloRequest', 'unexpected_message', async (s) => (await s.readHello(), s.sendMessage(encodeMessage(0)))],
  [
    'EncryptedExtensions in the clear behind ServerHello',
    'unexpected_message',
    async (s) => {
      await s.readHello()
      await s.sendPlain(22, concatBytes(s.serverHello(), encryptedExtensions()))
    }
  ],
  [
    'the first byte of the next message in the clear',
    'unexpected_message',
    async (s) => {
      await s.readHello()
      await s.sendPlain(22, concatBytes(s.serverHello(), Uint8Array.of(8)))
    }
  ],
  [
    'a message of 2^24 − 1 bytes',
    'illegal_parameter',
    async (s) => (await s.readHello(), s.sendPlain(22, Uint8Array.of(2, 255, 255, 255)))
  ],

  // After ServerHello: record protection (§5.2, §5.4)
  [
    'a plain handshake record under keys',
    'unexpected_message',
    afterHello(async (s) => s.sendPlain(22, encryptedExtensions()))
  ],
  ['a plain alert under keys', 'unexpected_message', afterHello(async (s) => s.sendPlain(21, Uint8Array.of(2, 40)))],
  [
    'a record with a changed tag',
    'bad_record_mac',
    afterHello(async (s) => s.sendRaw(flip(await s.seal(22, encryptedExtensions()))))
  ],
  [
    'a record with a changed header',
    'bad_record_mac',
    afterHello(async (s) => s.sendRaw(flip(await s.seal(22, encryptedExtensions()), 2)))
  ],
  [
    'a protected record shorter than a tag',
    'bad_record_mac',
    afterHello(async (s) => s.sendRaw(record(23, 8), new Uint8Array(8)))
  ],
  ['an empty protected record body', 'bad_record_mac', afterHello(async (s) => s.sendRaw(record(23, 0)))],
  [
    'a record sealed out of order',
    'bad_record_mac',
    afterHello(async (s) => {
      await s.seal(22, encryptedExtensions())
      await s.send(22, encryptedExtensions())
    })
  ],
  ['a record without a content type', 'unexpected_message', afterHello(async (s) => s.send(0, new Uint8Array(20)))],
  ['an empty protected handshake record', 'unexpected_message', afterHello(async (s) => s.send(22, new Uint8Array(0)))],
  ['a protected change_cipher_spec', 'unexpected_message', afterHello(async (s) => s.send(20, CCS))],
  ['content of 2^14 + 1 bytes', 'record_overflow', afterHello(async (s) => s.send(22, new Uint8Array(16_385)))],
  ['application data before Finished', 'unexpected_message', afterHello(async (s) => s.send(23, new Uint8Array(10)))],
  [
    'an alert inside a handshake message',
    'unexpected_message',
    afterHello(async (s) => {
      const message = encryptedExtensions()
      await s.send(22, message.subarray(0, 3))
      await s.sendAlert('user_canceled', 1)
      await s.send(22, message.subarray(3))
    })
  ],
  [
    'more than 128 kB of handshake',
    'illegal_parameter',
    beforeCertificate(async (s) => {
      const message = encodeCertificate([new Uint8Array(131_000)])
      for (let offset = 0; offset < message.length; offset += 16_384)
        await s.send(22, message.subarray(offset, offset + 16_384))
    })
  ],
  [
    'a Certificate that announces more than 128 kB',
    'illegal_parameter',
    beforeCertificate(async (s) => s.send(22, Uint8Array.of(11, 2, 0, 1)))
  ],

  // EncryptedExtensions, CertificateRequest (§4.3)
  [
    'an unoffered extension in EncryptedExtensions',
    'unsupported_extension',
    afterHello(async (s) => s.sendMessage(encryptedExtensions(encodeExtension(0))))
  ],
  [
    'ALPN in EncryptedExtensions',
    'unsupported_extension',
    afterHello(async (s) =>
      s.sendMessage(encryptedExtensions(encodeExtension(16, encodeVector(2, encodeVector(1, CCS)))))
    )
  ],
  [
    'early_data in EncryptedExtensions',
    'unsupported_extension',
    afterHello(async (s) => s.sendMessage(encryptedExtensions(encodeExtension(42))))
  ],
  [
    'key_share in EncryptedExtensions',
    'illegal_parameter',
    afterHello(async (s) => s.sendMessage(encryptedExtensions(s.keyShare())))
  ],
  [
    'a duplicate in EncryptedExtensions',
    'illegal_parameter',
    afterHello(async (s) =>
      s.sendMessage(encryptedExtensions(encodeExtension(10, encodeVector(2)), encodeExtension(10, encodeVector(2))))
    )
  ],
  [
    'trailing bytes after EncryptedExtensions',
    'decode_error',
    afterHello(async (s) => s.sendMessage(encodeMessage(8, encodeVector(2), CCS)))
  ],
  ['CertificateRequest first', 'unexpected_message', afterHello(async (s) => s.sendMessage(certificateRequest()))],
  [
    'Finished instead of Certificate',
    'unexpected_message',
    afterHello(async (s) => {
      await s.sendMessage(encryptedExtensions())
      await s.sendMessage(await s.finished())
    })
  ],
  [
    'NewSessionTicket before Finished',
    'unexpected_message',
    afterHello(async (s) => s.sendMessage(encodeMessage(MESSAGE_TYPE.newSessionTicket, new Uint8Array(20))))
  ],
  [
    'KeyUpdate before Finished',
    'unexpected_message',
    beforeCertificate(async (s) => s.sendMessage(encodeMessage(MESSAGE_TYPE.keyUpdate, Uint8Array.of(0))))
  ],
  [
    'two CertificateRequests',
    'unexpected_message',
    beforeCertificate(async (s) => s.sendMessage(certificateRequest()))
  ],
  [
    'CertificateRequest with a context',
    'illegal_parameter',
    afterHello(async (s) => {
      await s.sendMessage(encryptedExtensions())
      await s.sendMessage(encodeMessage(13, encodeVector(1, CCS), encodeVector(2)))
    })
  ],
  [
    'CertificateRequest without algorithms',
    'missing_extension',
    afterHello(async (s) => {
      await s.sendMessage(encryptedExtensions())
      await s.sendMessage(certificateRequest(encodeExtension(4711)))
    })
  ],
  [
    'CertificateRequest with an empty list',
    'decode_error',
    afterHello(async (s) => {
      await s.sendMessage(encryptedExtensions())
      await s.sendMessage(certificateRequest(encodeExtension(EXTENSION.signatureAlgorithms, encodeVector(2))))
    })
  ],
  [
    'CertificateRequest with a duplicate',
    'illegal_parameter',
    afterHello(async (s) => {
      await s.sendMessage(encryptedExtensions())
      const algorithms = encodeExtension(EXTENSION.signatureAlgorithms, encodeVector(2, u16(0x0807)))
      await s.sendMessage(certificateRequest(algorithms, algorithms))
    })
  ],

  // Certificate, CertificateVerify, Finished (§4.4)
  ['no certificate', 'decode_error', beforeCertificate(async (s) => s.sendMessage(encodeCertificate([])))],
  [
    'an empty certificate',
    'decode_error',
    beforeCertificate(async (s) => s.sendMessage(encodeCertificate([new Uint8Array(0)])))
  ],
  [
    'nine certificates',
    'bad_certificate',
    beforeCertificate(async (s) => s.sendMessage(encodeCertificate(new Array(9).fill(s.identity.certificateDer))))
  ],
  [
    'a certificate with a context',
    'illegal_parameter',
    beforeCertificate(async (s) => s.sendMessage(encodeMessage(11, encodeVector(1, CCS), encodeVector(3))))
  ],
  [
    'an entry extension',
    'unsupported_extension',
    beforeCertificate(async (s) =>
      s.sendMessage(
        encodeMessage(
          11,
          encodeVector(1),
          encodeVector(
            3,
            encodeVector(3, s.identity.certificateDer),
            encodeVector(2, encodeExtension(5, new Uint8Array(4)))
          )
        )
      )
    )
  ],
  [
    'a certificate that does not parse',
    'bad_certificate',
    beforeCertificate(async (s) => {
      await s.sendMessage(encodeCertificate([new Uint8Array(100).fill(0x30)]))
      await s.sendMessage(await s.certificateVerify())
    })
  ],
  [
    'a P-256 certificate',
    'unsupported_certificate',
    beforeCertificate(async (s) => {
      await s.sendMessage(encodeCertificate([P256_CERTIFICATE]))
      await s.sendMessage(await s.certificateVerify())
    })
  ],
  [
    'Finished without CertificateVerify',
    'unexpected_message',
    beforeVerify(async (s) => s.sendMessage(await s.finished()))
  ],
  [
    'a scheme that was not offered',
    'illegal_parameter',
    beforeVerify(async (s) => s.sendMessage(await s.certificateVerify('server', 0x0403)))
  ],
  [
    'a signature in the context of a client',
    'decrypt_error',
    beforeVerify(async (s) => s.sendMessage(await s.certificateVerify('client')))
  ],
  ['a changed signature', 'decrypt_error', beforeVerify(async (s) => s.sendMessage(flip(await s.certificateVerify())))],
  [
    'a short signature',
    'decrypt_error',
    beforeVerify(async (s) => s.sendMessage(encodeMessage(15, u16(0x0807), encodeVector(2, new Uint8Array(63)))))
  ],
  [
    'an empty signature',
    'decrypt_error',
    beforeVerify(async (s) => s.sendMessage(encodeMessage(15, u16(0x0807), encodeVector(2))))
  ],
  [
    'a signature over another handshake',
    'decrypt_error',
    beforeVerify(async (s) => {
      const stale = await s.certificateVerify()
      s.transcript.add(CCS)
      await s.sendMessage(flip(stale, 10))
    })
  ],
  ['a changed Finished', 'decrypt_error', beforeFinished(async (s) => s.sendMessage(flip(await s.finished())))],
  [
    'a short Finished',
    'decode_error',
    beforeFinished(async (s) => s.sendMessage(encodeMessage(20, (await s.finished()).subarray(4, -1))))
  ],
  [
    'a long Finished',
    'decode_error',
    beforeFinished(async (s) => s.sendMessage(encodeMessage(20, (await s.finished()).subarray(4), CCS)))
  ],
  [
    'a ticket in the record of Finished',
    'unexpected_message',
    beforeFinished(async (s) => s.send(22, concatBytes(await s.finished(), encodeMessage(4, new Uint8Array(20)))))
  ],
  [
    'a byte behind Finished',
    'unexpected_message',
    beforeFinished(async (s) => s.send(22, concatBytes(await s.finished(), Uint8Array.of(4))))
  ]
]

describe('hostile server before the end of the handshake', () => {
  it.each(CASES)('%s → %s', async (_name, alert, script) => {
    const { server, outcome, judged } = await connectScripted()
    await script(server)
    const { error } = await outcome
    expect(error).toBeInstanceOf(TlsError)
    expect(error).toMatchObject({ code: 'ERR_TLS', phase: 'tls', alertSent: { name: alert } })
    expect(await server.waitForAlert()).toBe(alert)
    expect(judged).toEqual([])
    // Nothing of ours but the ClientHello and the alert.
    expect(server.seen.map(({ type }) => type)).toEqual([CONTENT_TYPE.handshake, CONTENT_TYPE.alert])
  })
})

describe('tolerated', () => {
  it('one and two change_cipher_spec, warnings, unknown extensions of a request, several certificates', async () => {
    const { server, outcome, judged } = await connectScripted()
    await server.readHello()
    await server.sendPlain(CONTENT_TYPE.changeCipherSpec, CCS)
    await server.sendAlert('user_canceled', 1)
    await server.sendMessage(server.serverHello())
    await server.installHandshakeKeys()
    await server.sendPlain(CONTENT_TYPE.changeCipherSpec, CCS)
    await server.sendMessage(encryptedExtensions(encodeExtension(10, encodeVector(2, u16(0x1d), u16(0x18)))))
    const algorithms = encodeExtension(EXTENSION.signatureAlgorithms, encodeVector(2, u16(0x0403), u16(0x0807)))
    await server.sendMessage(certificateRequest(encodeExtension(4711, CCS), algorithms, encodeExtension(47)))
    await server.sendMessage(encodeCertificate([server.identity.certificateDer, P256_CERTIFICATE]))
    await server.sendMessage(await server.certificateVerify())
    await server.sendMessage(await server.finished())
    await server.installApplicationKeys()
    await server.readFlight()
    const { stream } = await outcome
    expect(stream?.info).toEqual({ cipherSuite: 'TLS_AES_128_GCM_SHA256', group: 'x25519', certificateRequested: true })
    expect(judged).toEqual([server.identity.certificateDer])
    expect(server.clientCertificate).toBeDefined()
  })

  it('handshake messages split into records of one byte, and all of them in one record', async () => {
    for (const size of [1, 16_384]) {
      const { server, outcome } = await connectScripted()
      await server.readHello()
      const hello = server.serverHello()
      server.transcript.add(hello)
      for (let offset = 0; offset < hello.length; offset += size) {
        await server.sendPlain(CONTENT_TYPE.handshake, hello.subarray(offset, offset + size))
      }
      await server.installHandshakeKeys()
      const flight: Uint8Array[] = []
      const add = (message: Uint8Array): void => {
        server.transcript.add(message)
        flight.push(message)
      }
      add(encryptedExtensions())
      add(certificateRequest())
      add(server.certificate())
      add(await server.certificateVerify())
      add(await server.finished())
      const bytes = concatBytes(...flight)
      for (let offset = 0; offset < bytes.length; offset += size) {
        await server.send(CONTENT_TYPE.handshake, bytes.subarray(offset, offset + size))
      }
      await server.installApplicationKeys()
      await server.readFlight()
      expect((await outcome).stream).toBeDefined()
    }
  })
})

describe('alerts of the server', () => {
  it.each(['handshake_failure', 'certificate_required', 'protocol_version', 'close_notify'] as const)(
    '%s is reported and not answered',
    async (name) => {
      for (const underKeys of [false, true]) {
        const { server, outcome } = await connectScripted()
        await server.readHello()
        if (underKeys) {
          await server.sendMessage(server.serverHello())
          await server.installHandshakeKeys()
        }
        await server.sendAlert(name)
        const { error } = await outcome
        expect(error).toBeInstanceOf(TlsError)
        expect(error).toMatchObject({ code: 'ERR_TLS', phase: 'tls', alertReceived: { name } })
        expect((error as TlsError).alertSent).toBeUndefined()
        expect(await server.waitForAlert()).toBeUndefined()
      }
    }
  )

  it('treats an error alert at warning level, and one without a name, as errors', async () => {
    for (const code of [40, 47, 200]) {
      const { server, outcome } = await connectScripted()
      await server.readHello()
      await server.sendPlain(CONTENT_TYPE.alert, Uint8Array.of(1, code))
      expect((await outcome).error).toMatchObject({ code: 'ERR_TLS', alertReceived: { code } })
    }
  })
})
