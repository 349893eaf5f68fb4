/**
 * The client's handshake as a state machine, RFC 8446 §A.1 without resumption, early data and retry:
 *
 *     START ─ ClientHello ─► WAIT_SERVER_HELLO ─► WAIT_ENCRYPTED_EXTENSIONS ─► WAIT_CERTIFICATE(_REQUEST)
 *       ─► WAIT_CERTIFICATE_VERIFY ─► WAIT_FINISHED ─► JUDGE ─ client flight ─► CONNECTED
 *
 * Each state is one method. Nothing but the ClientHello leaves before JUDGE is passed: a peer that is refused never sees
 * our certificate.
 *
 * @module
 */
import { concatBytes, equalBytes } from '../../encoding/index.js'
import type { JudgeCertificate } from '../../runtime/ports/tls-engine.js'
import { abort } from './alerts.js'
import type { CipherSuite } from './cipher-suites.js'
import type { ClientIdentity } from './client-identity.js'
import { CONTENT_TYPE, MESSAGE_TYPE } from './constants.js'
import { HandshakeInput } from './handshake-input.js'
import type { KeyShare } from './key-exchange.js'
import {
  type ApplicationSecrets,
  deriveApplicationSecrets,
  deriveHandshakeSecrets,
  finishedMac,
  type HandshakeSecrets
} from './key-schedule.js'
import { decodeCertificateRequest } from './messages/certificate-request.js'
import { decodeCertificateVerify, encodeCertificateVerify, signedContent } from './messages/certificate-verify.js'
import { decodeCertificate, encodeCertificate } from './messages/certificate.js'
import { encodeClientHello } from './messages/client-hello.js'
import { checkEncryptedExtensions } from './messages/encrypted-extensions.js'
import { decodeServerHello, type ServerHello } from './messages/server-hello.js'
import { encodeMessage } from './messages/vectors.js'
import type { PeerAuthentication } from './peer-authentication.js'
import { RecordProtection } from './record-protection.js'
import type { RecordReader } from './record-reader.js'
import type { RecordWriter } from './record-writer.js'
import { Transcript } from './transcript.js'

/** Legacy version of the record that carries the ClientHello (RFC 8446 §5.1). */
const FIRST_RECORD_VERSION = 0x0301

/** What a handshake needs. */
export interface HandshakeOptions {
  readonly reader: RecordReader
  readonly writer: RecordWriter
  readonly suites: readonly CipherSuite[]
  /** A fresh share per offered group. */
  readonly shares: readonly KeyShare[]
  /** 32 random bytes each. */
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly authentication: PeerAuthentication
  readonly identity: () => Promise<ClientIdentity | undefined>
  readonly judge: JudgeCertificate
}

/** What a finished handshake leaves behind. */
export interface HandshakeResult {
  readonly suite: CipherSuite
  readonly group: number
  /** Whether the server asked for our certificate. */
  readonly certificateRequested: boolean
  /** Keys of application data from the server. */
  readonly incoming: RecordProtection
  readonly exporter: CryptoKey
}

/**
 * Runs the handshake. Afterwards the writer is ready for application data; the reader is switched too.
 *
 * @throws TlsError, CocoonError `ERR_CONNECTION_LOST`, or what `judge` rejected with.
 */
export function runHandshake(options: HandshakeOptions): Promise<HandshakeResult> {
  return new Handshake(options).run()
}

class Handshake {
  readonly #options: HandshakeOptions
  readonly #input: HandshakeInput
  readonly #transcript = new Transcript()

  constructor(options: HandshakeOptions) {
    this.#options = options
    this.#input = new HandshakeInput(options.reader)
  }

  async run(): Promise<HandshakeResult> {
    await this.#start()
    const hello = await this.#waitServerHello()
    const secrets = await this.#agreeOnKeys(hello)
    await this.#waitEncryptedExtensions()
    const { leafDer, acceptedSchemes } = await this.#waitCertificate()
    await this.#waitCertificateVerify(hello.suite, leafDer)
    const application = await this.#waitFinished(hello.suite, secrets)
    await this.#options.judge(leafDer)
    await this.#sendFlight(hello.suite, secrets, acceptedSchemes)
    return this.#connected(hello, application, acceptedSchemes !== undefined)
  }

  async #start(): Promise<void> {
    const { writer, random, sessionId, suites, shares, authentication } = this.#options
    const hello = encodeClientHello({ random, sessionId, suites, shares, schemes: authentication.schemes })
    this.#transcript.add(hello)
    await writer.sendPlain(CONTENT_TYPE.handshake, hello, FIRST_RECORD_VERSION)
  }

  async #waitServerHello(): Promise<ServerHello> {
    const message = await this.#input.next(MESSAGE_TYPE.serverHello)
    const hello = decodeServerHello(message.body, this.#options)
    this.#input.assertKeyChange()
    this.#transcript.add(message.raw)
    return hello
  }

  async #agreeOnKeys({ suite, group, publicKey }: ServerHello): Promise<HandshakeSecrets> {
    const { shares, reader, writer } = this.#options
    const share = shares.find((candidate) => candidate.group === group)
    if (share === undefined) abort('illegal_parameter', 'the server chose a group that was not offered')
    const [shared, helloHash] = await Promise.all([share.agree(publicKey), this.#transcript.hash(suite)])
    const secrets = await deriveHandshakeSecrets(suite, shared, helloHash)
    const [incoming, outgoing] = await Promise.all([
      RecordProtection.create(suite, secrets.server),
      RecordProtection.create(suite, secrets.client)
    ])
    reader.setProtection(incoming)
    writer.setProtection(outgoing)
    return secrets
  }

  async #waitEncryptedExtensions(): Promise<void> {
    const message = await this.#input.next(MESSAGE_TYPE.encryptedExtensions)
    checkEncryptedExtensions(message.body)
    this.#transcript.add(message.raw)
  }

  /** `acceptedSchemes` is `undefined` when the server does not ask for a certificate. */
  async #waitCertificate(): Promise<{ leafDer: Uint8Array; acceptedSchemes: readonly number[] | undefined }> {
    let message = await this.#input.next(MESSAGE_TYPE.certificateRequest, MESSAGE_TYPE.certificate)
    let acceptedSchemes: readonly number[] | undefined
    if (message.type === MESSAGE_TYPE.certificateRequest) {
      acceptedSchemes = decodeCertificateRequest(message.body)
      this.#transcript.add(message.raw)
      message = await this.#input.next(MESSAGE_TYPE.certificate)
    }
    const leafDer = decodeCertificate(message.body)
    this.#transcript.add(message.raw)
    return { leafDer, acceptedSchemes }
  }

  async #waitCertificateVerify(suite: CipherSuite, leafDer: Uint8Array): Promise<void> {
    const { authentication } = this.#options
    const message = await this.#input.next(MESSAGE_TYPE.certificateVerify)
    const { scheme, signature } = decodeCertificateVerify(message.body)
    if (!authentication.schemes.includes(scheme)) {
      abort('illegal_parameter', 'the server signed with a scheme that was not offered')
    }
    const content = signedContent('server', await this.#transcript.hash(suite))
    if (!(await authentication.verify(leafDer, scheme, signature, content))) {
      abort('decrypt_error', 'the server does not hold the key of its certificate')
    }
    this.#transcript.add(message.raw)
  }

  async #waitFinished(suite: CipherSuite, secrets: HandshakeSecrets): Promise<ApplicationSecrets> {
    const message = await this.#input.next(MESSAGE_TYPE.finished)
    const expected = await finishedMac(suite, secrets.server, await this.#transcript.hash(suite))
    if (message.body.length !== expected.length) abort('decode_error', 'Finished has the wrong length')
    if (!equalBytes(message.body, expected)) abort('decrypt_error', 'Finished does not match the handshake')
    this.#input.assertKeyChange()
    this.#transcript.add(message.raw)
    this.#options.reader.refuseChangeCipherSpec()
    return deriveApplicationSecrets(suite, secrets.master, await this.#transcript.hash(suite))
  }

  async #sendFlight(
    suite: CipherSuite,
    secrets: HandshakeSecrets,
    acceptedSchemes: readonly number[] | undefined
  ): Promise<void> {
    const flight: Uint8Array[] = []
    const add = (message: Uint8Array): void => {
      flight.push(message)
      this.#transcript.add(message)
    }
    if (acceptedSchemes !== undefined) {
      const identity = await this.#options.identity()
      // RFC 8446 §4.4.2: without a suitable certificate an empty list is sent and the server decides.
      const usable = identity !== undefined && acceptedSchemes.includes(identity.scheme) ? identity : undefined
      add(encodeCertificate(usable?.chain ?? []))
      if (usable !== undefined) {
        const content = signedContent('client', await this.#transcript.hash(suite))
        add(encodeCertificateVerify({ scheme: usable.scheme, signature: await usable.sign(content) }))
      }
    }
    const mac = await finishedMac(suite, secrets.client, await this.#transcript.hash(suite))
    add(encodeMessage(MESSAGE_TYPE.finished, mac))
    await this.#options.writer.sendFlight(concatBytes(...flight))
  }

  async #connected(
    { suite, group }: ServerHello,
    secrets: ApplicationSecrets,
    certificateRequested: boolean
  ): Promise<HandshakeResult> {
    const [incoming, outgoing] = await Promise.all([
      RecordProtection.create(suite, secrets.server),
      RecordProtection.create(suite, secrets.client)
    ])
    this.#options.reader.setProtection(incoming)
    this.#options.writer.setProtection(outgoing)
    return { suite, group, certificateRequested, incoming, exporter: secrets.exporter }
  }
}
