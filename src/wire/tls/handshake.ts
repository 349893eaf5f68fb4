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
import { type CipherSuite, hmac } from './cipher-suites.js'
import type { ClientIdentity } from './client-identity.js'
import { CONTENT_TYPE, MESSAGE_TYPE } from './constants.js'
import { HandshakeInput } from './handshake-input.js'
import type { KeyShare } from './key-exchange.js'
import { deriveHandshakeSecrets, deriveSecret, finishedKey, overlap } from './key-schedule.js'
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
  /** Exporter master secret; derived when it is first asked for. */
  readonly exporter: () => Promise<CryptoKey>
}

/** Keys of the handshake; what is not needed at once is computed beside the reading of messages. */
interface HandshakeKeys {
  readonly master: Promise<CryptoKey>
  readonly serverFinished: Promise<CryptoKey>
  readonly clientFinished: Promise<CryptoKey>
}

/** Keys of application data. */
interface ApplicationKeys {
  readonly incoming: RecordProtection
  readonly outgoing: RecordProtection
  readonly exporter: () => Promise<CryptoKey>
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
    const { suite, group, publicKey } = await this.#waitServerHello()
    const keys = await this.#agreeOnKeys(suite, group, publicKey)
    await this.#waitEncryptedExtensions()
    const { leafDer, acceptedSchemes } = await this.#waitCertificate()
    await this.#waitProof(suite, leafDer, keys)
    // Nothing leaves before the verdict, but what is to leave can be prepared while the judge is at work.
    const application = overlap(this.#deriveApplicationKeys(suite, keys))
    const flight = overlap(this.#prepareFlight(suite, keys, acceptedSchemes))
    await this.#options.judge(leafDer)
    await this.#options.writer.sendFlight(await flight)
    const { incoming, outgoing, exporter } = await application
    this.#options.reader.setProtection(incoming)
    this.#options.writer.setProtection(outgoing)
    return { suite, group, certificateRequested: acceptedSchemes !== undefined, incoming, exporter }
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

  async #agreeOnKeys(suite: CipherSuite, group: number, publicKey: Uint8Array): Promise<HandshakeKeys> {
    const { shares, reader, writer } = this.#options
    const share = shares.find((candidate) => candidate.group === group)
    if (share === undefined) abort('illegal_parameter', 'the server chose a group that was not offered')
    const helloHash = overlap(this.#transcript.hash(suite))
    const shared = await share.agree(publicKey)
    const { server, client, master } = await deriveHandshakeSecrets(suite, shared, await helloHash)
    reader.setProtection(await RecordProtection.create(suite, await server))
    writer.setProtection(client.then((secret) => RecordProtection.create(suite, secret)))
    return {
      master,
      serverFinished: overlap(server.then((secret) => finishedKey(suite, secret))),
      clientFinished: overlap(client.then((secret) => finishedKey(suite, secret)))
    }
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

  /** CertificateVerify and Finished: their checks run side by side, and both must pass. */
  async #waitProof(suite: CipherSuite, leafDer: Uint8Array, keys: HandshakeKeys): Promise<void> {
    const verify = await this.#input.next(MESSAGE_TYPE.certificateVerify)
    const verified = overlap(this.#checkCertificateVerify(suite, leafDer, verify.body))
    this.#transcript.add(verify.raw)
    const expected = overlap(this.#mac(suite, keys.serverFinished))
    const finished = overlap(this.#input.next(MESSAGE_TYPE.finished))
    await verified
    const { body, raw } = await finished
    const mac = await expected
    if (body.length !== mac.length) abort('decode_error', 'Finished has the wrong length')
    if (!equalBytes(body, mac)) abort('decrypt_error', 'Finished does not match the handshake')
    this.#input.assertKeyChange()
    this.#transcript.add(raw)
    this.#options.reader.refuseChangeCipherSpec()
  }

  async #checkCertificateVerify(suite: CipherSuite, leafDer: Uint8Array, body: Uint8Array): Promise<void> {
    const { authentication } = this.#options
    const { scheme, signature } = decodeCertificateVerify(body)
    if (!authentication.schemes.includes(scheme)) {
      abort('illegal_parameter', 'the server signed with a scheme that was not offered')
    }
    const content = signedContent('server', await this.#transcript.hash(suite))
    if (!(await authentication.verify(leafDer, scheme, signature, content))) {
      abort('decrypt_error', 'the server does not hold the key of its certificate')
    }
  }

  /** Certificate, CertificateVerify and Finished of the client, to be sent together. */
  async #prepareFlight(
    suite: CipherSuite,
    keys: HandshakeKeys,
    acceptedSchemes: readonly number[] | undefined
  ): Promise<Uint8Array> {
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
    add(encodeMessage(MESSAGE_TYPE.finished, await this.#mac(suite, keys.clientFinished)))
    return concatBytes(...flight)
  }

  async #deriveApplicationKeys(suite: CipherSuite, keys: HandshakeKeys): Promise<ApplicationKeys> {
    const [transcriptHash, master] = await Promise.all([this.#transcript.hash(suite), keys.master])
    const protection = async (label: string): Promise<RecordProtection> =>
      RecordProtection.create(suite, await deriveSecret(suite, master, label, transcriptHash))
    const [incoming, outgoing] = await Promise.all([protection('s ap traffic'), protection('c ap traffic')])
    return { incoming, outgoing, exporter: () => deriveSecret(suite, master, 'exp master', transcriptHash) }
  }

  /** `verify_data` over the transcript as it is now, RFC 8446 §4.4.4. */
  async #mac(suite: CipherSuite, key: Promise<CryptoKey>): Promise<Uint8Array> {
    const transcriptHash = await this.#transcript.hash(suite)
    return hmac(await key, transcriptHash)
  }
}
