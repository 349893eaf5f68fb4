/**
 * The client's handshake, RFC 8446 §A.1 without resumption, early data and retry. States, in the order of the code:
 *
 *     START ─ ClientHello ─► WAIT_SERVER_HELLO ─► WAIT_ENCRYPTED_EXTENSIONS ─► WAIT_CERTIFICATE(_REQUEST)
 *       ─► WAIT_CERTIFICATE_VERIFY ─► WAIT_FINISHED ─► JUDGE ─ client flight ─► CONNECTED
 *
 * Nothing but the ClientHello leaves before JUDGE is passed: a peer that is refused never sees our certificate. What is to
 * leave is prepared meanwhile.
 *
 * @module
 */
import { concatBytes, equalBytes } from '../../encoding/index.js'
import type { JudgeCertificate } from '../../runtime/ports/tls-engine.js'
import { abort, ALERTS, connectionLost, peerAlert } from './alerts.js'
import { type CipherSuite, createSecret, keepSecret, type Secret } from './cipher-suites.js'
import type { ClientIdentity } from './client-identity.js'
import * as MESSAGE_TYPE from './code-points/message-types.js'
import type { KeyShare } from './key-exchange.js'
import { deriveHandshakeSecrets, deriveSecret, expandLabel } from './key-schedule.js'
import type { Message, MessageReader } from './message-reader.js'
import { decodeCertificateRequest } from './messages/certificate-request.js'
import { decodeCertificateVerify, encodeCertificateVerify, signedContent } from './messages/certificate-verify.js'
import { decodeCertificate, encodeCertificate } from './messages/certificate.js'
import { encodeClientHello } from './messages/client-hello.js'
import { checkEncryptedExtensions } from './messages/encrypted-extensions.js'
import { decodeServerHello } from './messages/server-hello.js'
import { encodeMessage } from './messages/vectors.js'
import { overlap } from './overlap.js'
import type { PeerAuthentication } from './peer-authentication.js'
import { RecordProtection } from './record-protection.js'
import type { RecordReader } from './record-reader.js'
import type { RecordWriter } from './record-writer.js'
import { Transcript } from './transcript.js'

/** What a handshake needs. */
export interface HandshakeOptions {
  readonly reader: RecordReader
  readonly messages: MessageReader
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
  /** Exporter master secret. */
  readonly exporter: Secret
}

/** Keys of application data. */
type ApplicationKeys = readonly [incoming: RecordProtection, outgoing: RecordProtection, exporter: Secret]

/**
 * Runs the handshake. Afterwards the writer is ready for application data; the reader is switched too.
 *
 * @throws TlsError, CocoonError `ERR_CONNECTION_LOST`, or what `judge` rejected with.
 */
export async function runHandshake(options: HandshakeOptions): Promise<HandshakeResult> {
  const handshake = new Handshake(options)
  try {
    return await handshake.run()
  } finally {
    handshake.erase()
  }
}

class Handshake {
  readonly #options: HandshakeOptions
  readonly #transcript = new Transcript()
  /** What is needed no longer than the handshake lasts. */
  readonly #secrets: Secret[] = []

  constructor(options: HandshakeOptions) {
    this.#options = options
  }

  erase(): void {
    for (const secret of this.#secrets) secret.erase()
  }

  async run(): Promise<HandshakeResult> {
    const { reader, messages, writer, shares, authentication, judge } = this.#options
    const hello = encodeClientHello({ ...this.#options, schemes: authentication.schemes })
    this.#transcript.add(hello)
    await writer.sendHello(hello)

    const { suite, group, publicKey } = decodeServerHello(
      (await this.#receive(MESSAGE_TYPE.serverHello)).body,
      this.#options
    )
    messages.assertKeyChange()
    const share = shares.find((candidate) => candidate.group === group) ?? abort('illegal_parameter', 'group')
    const { master, serverFinished, clientFinished } = await this.#agreeOnKeys(suite, share, publicKey)

    checkEncryptedExtensions((await this.#receive(MESSAGE_TYPE.encryptedExtensions)).body)
    let message = await this.#receive(MESSAGE_TYPE.certificateRequest, MESSAGE_TYPE.certificate)
    let acceptedSchemes: readonly number[] | undefined
    if (message.type === MESSAGE_TYPE.certificateRequest) {
      acceptedSchemes = decodeCertificateRequest(message.body)
      message = await this.#receive(MESSAGE_TYPE.certificate)
    }
    const leafDer = decodeCertificate(message.body)

    const throughCertificate = this.#transcript.hash(suite)
    const proof = await this.#receive(MESSAGE_TYPE.certificateVerify)
    const verified = overlap(this.#verify(leafDer, proof.body, throughCertificate))
    const expected = overlap(this.#mac(suite, serverFinished))
    const finished = overlap(this.#receive(MESSAGE_TYPE.finished))
    const application = overlap(finished.then(() => this.#deriveApplicationKeys(suite, master)))
    const flight = overlap(finished.then(() => this.#prepareFlight(suite, clientFinished, acceptedSchemes)))
    // Both checks must pass, and the certificate's comes first.
    await verified
    const { body } = await finished
    const mac = await expected
    if (body.length !== mac.length) abort('decode_error', 'Finished length')
    if (!equalBytes(body, mac)) abort('decrypt_error', 'Finished')
    messages.assertKeyChange()
    reader.refuseChangeCipherSpec()

    await judge(leafDer)
    await writer.sendFlight(await flight)
    const [incoming, outgoing, exporter] = await application
    reader.setProtection(incoming)
    writer.setProtection(outgoing)
    return { suite, group, certificateRequested: acceptedSchemes !== undefined, incoming, exporter }
  }

  /** The next message, of one of the expected types; part of the transcript from then on. */
  async #receive(...expected: readonly number[]): Promise<Message> {
    const { messages } = this.#options
    const message = await messages.next()
    if (message === null) {
      throw messages.ending === 'close_notify' ? peerAlert(ALERTS.close_notify) : connectionLost('during the handshake')
    }
    const { type, raw } = message
    if (!expected.includes(type)) abort('unexpected_message', `message ${type}, not ${expected.join(' or ')}`)
    this.#transcript.add(raw)
    return message
  }

  async #agreeOnKeys(
    suite: CipherSuite,
    share: KeyShare,
    publicKey: Uint8Array
  ): Promise<{ master: Secret; serverFinished: Secret; clientFinished: Secret }> {
    const { reader, writer } = this.#options
    const [shared, hash] = await Promise.all([share.agree(publicKey), this.#transcript.hash(suite)])
    const { client, server, master } = await deriveHandshakeSecrets(suite, shared, hash)
    this.#secrets.push(client, server, master)
    const incoming = overlap(RecordProtection.create(suite, server))
    writer.setProtection(RecordProtection.create(suite, client))
    const [serverFinished, clientFinished] = await Promise.all([
      deriveSecret(suite, server, 'finished'),
      deriveSecret(suite, client, 'finished')
    ])
    this.#secrets.push(serverFinished, clientFinished)
    reader.setProtection(await incoming)
    return { master, serverFinished, clientFinished }
  }

  async #verify(leafDer: Uint8Array, body: Uint8Array, transcriptHash: Promise<Uint8Array>): Promise<void> {
    const { authentication } = this.#options
    const { scheme, signature } = decodeCertificateVerify(body)
    if (!authentication.schemes.includes(scheme)) abort('illegal_parameter', 'signature scheme')
    const content = signedContent('server', await transcriptHash)
    if (!(await authentication.verify(leafDer, scheme, signature, content))) abort('decrypt_error', 'signature')
  }

  /** Certificate, CertificateVerify and Finished of the client, to be sent together. */
  async #prepareFlight(
    suite: CipherSuite,
    finishedKey: Secret,
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
    add(encodeMessage(MESSAGE_TYPE.finished, await this.#mac(suite, finishedKey)))
    return concatBytes(...flight)
  }

  async #deriveApplicationKeys(suite: CipherSuite, master: Secret): Promise<ApplicationKeys> {
    const transcriptHash = await this.#transcript.hash(suite)
    const protection = async (label: string): Promise<RecordProtection> => {
      const raw = await expandLabel(suite, master, label, transcriptHash)
      const kept = keepSecret(suite, raw)
      const secret = createSecret(suite, raw)
      this.#secrets.push(secret)
      return RecordProtection.create(suite, secret, kept)
    }
    const exporter = await expandLabel(suite, master, 'exp master', transcriptHash)
    const kept = keepSecret(suite, exporter)
    exporter.fill(0)
    const [incoming, outgoing] = await Promise.all([protection('s ap traffic'), protection('c ap traffic')])
    return [incoming, outgoing, kept]
  }

  /** `verify_data` over the transcript as it is now, RFC 8446 §4.4.4. */
  async #mac(suite: CipherSuite, key: Secret): Promise<Uint8Array> {
    return key.mac(await this.#transcript.hash(suite))
  }
}
