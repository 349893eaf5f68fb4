/**
 * Message decoders under random and mutated input: a value or a `TlsError` with an alert, nothing else.
 *
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hexToBytes } from '../../../src/encoding/index.js'
import { CIPHER_SUITES } from '../../../src/wire/tls/cipher-suites.js'
import { TlsError } from '../../../src/wire/tls/index.js'
import { decodeCertificateRequest } from '../../../src/wire/tls/messages/certificate-request.js'
import { decodeCertificateVerify } from '../../../src/wire/tls/messages/certificate-verify.js'
import { decodeCertificate } from '../../../src/wire/tls/messages/certificate.js'
import { checkEncryptedExtensions } from '../../../src/wire/tls/messages/encrypted-extensions.js'
import { checkNewSessionTicket, decodeKeyUpdate } from '../../../src/wire/tls/messages/post-handshake.js'
import { decodeServerHello } from '../../../src/wire/tls/messages/server-hello.js'
import { readEd25519Key } from '../../../src/wire/tls/peer-authentication.js'
import { RFC8448_SIMPLE } from '../../vectors/rfc8448.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 300)
const body = (name: keyof typeof RFC8448_SIMPLE): Uint8Array => hexToBytes(RFC8448_SIMPLE[name]).subarray(4)
const offer = { sessionId: new Uint8Array(0), suites: [CIPHER_SUITES.TLS_AES_128_GCM_SHA256] }

const DECODERS: readonly (readonly [name: string, seed: Uint8Array, decode: (bytes: Uint8Array) => unknown])[] = [
  ['ServerHello', body('serverHello'), (bytes) => decodeServerHello(bytes, offer)],
  ['EncryptedExtensions', body('encryptedExtensions'), checkEncryptedExtensions],
  ['CertificateRequest', Uint8Array.of(0, 0, 8, 0, 13, 0, 4, 0, 2, 8, 7), decodeCertificateRequest],
  ['Certificate', body('certificate'), decodeCertificate],
  ['CertificateVerify', body('certificateVerify'), decodeCertificateVerify],
  ['NewSessionTicket', body('newSessionTicket'), checkNewSessionTicket],
  ['KeyUpdate', Uint8Array.of(0), decodeKeyUpdate],
  ['certificate key', body('certificate').subarray(7), readEd25519Key]
]

/** Random bytes, or the seed cut and changed in a few places. */
const inputs = (seed: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(
        fc.nat(seed.length),
        fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.uint8Array({ maxLength: 4 })
      )
      .map(([length, changes, tail]) => {
        const changed = seed.slice()
        for (const [index, value] of changes) changed[index] = value
        return Uint8Array.from([...changed.subarray(0, length), ...tail])
      })
  )

describe('message decoders', () => {
  it.each(DECODERS)('%s', (_name, seed, decode) => {
    fc.assert(
      fc.property(inputs(seed), (bytes) => {
        try {
          decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(TlsError)
          expect((error as TlsError).alertSent).toBeDefined()
        }
      }),
      { numRuns }
    )
  })
})
