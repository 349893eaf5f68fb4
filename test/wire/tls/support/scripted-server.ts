/**
 * A TLS 1.3 server that does what a test tells it, message by message. It is made from the library's own primitives; that
 * these are right is proved elsewhere (RFC 8448, foreign peers).
 *
 * @module
 */
import nacl from 'tweetnacl'
import { ByteReader, concatBytes, equalBytes } from '../../../../src/encoding/index.js'
import { createEd25519Certificate, verifyEd25519 } from '../../../../src/encoding/x509/index.js'
import type { ByteStream } from '../../../../src/runtime/ports/byte-stream.js'
import { ALERTS, type AlertName, describeAlert } from '../../../../src/wire/tls/alerts.js'
import { CIPHER_SUITES, type CipherSuite, keepSecret, type Secret } from '../../../../src/wire/tls/cipher-suites.js'
import type { Sign } from '../../../../src/wire/tls/client-identity.js'
import { SCHEME_ED25519 } from '../../../../src/wire/tls/constants.js'
import { createKeyShare, GROUPS, type GroupName } from '../../../../src/wire/tls/key-exchange.js'
import {
  deriveHandshakeSecrets,
  deriveSecret,
  expandLabel,
  exportKeyingMaterial
} from '../../../../src/wire/tls/key-schedule.js'
import { decodeCertificate, encodeCertificate } from '../../../../src/wire/tls/messages/certificate.js'
import {
  decodeCertificateVerify,
  encodeCertificateVerify,
  signedContent
} from '../../../../src/wire/tls/messages/certificate-verify.js'
import { encodeExtension } from '../../../../src/wire/tls/messages/extensions.js'
import {
  encodeMessage,
  encodeNumber,
  encodeVector,
  readVector16,
  readVector8
} from '../../../../src/wire/tls/messages/vectors.js'
import { readEd25519Key } from '../../../../src/wire/tls/peer-authentication.js'
import { plainRecord, RecordProtection } from '../../../../src/wire/tls/record-protection.js'
import { createMessageSplitter, createRecordSplitter } from '../../../../src/wire/tls/splitter.js'
import { Transcript } from '../../../../src/wire/tls/transcript.js'
import { CONTENT_TYPE, EXTENSION, MESSAGE_TYPE } from './code-points.js'

/** A server's certificate and key. */
export interface ServerIdentity {
  readonly certificateDer: Uint8Array
  readonly privateKeyPkcs8: Uint8Array
  readonly sign: Sign
}

/** Makes an Ed25519 identity that is valid now. */
export async function createServerIdentity(): Promise<ServerIdentity> {
  const { certificateDer, privateKeyPkcs8 } = await createEd25519Certificate({
    serial: Uint8Array.of(1, 2, 3),
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000)
  })
  const { secretKey } = nacl.sign.keyPair.fromSeed(privateKeyPkcs8.slice(16))
  return { certificateDer, privateKeyPkcs8, sign: async (content) => nacl.sign.detached(content, secretKey) }
}

/** A record as the server sees it. */
export interface SeenRecord {
  readonly type: number
  readonly content: Uint8Array
  readonly isProtected: boolean
}

/** Parts of a ServerHello that a test can change. */
export interface ServerHelloParts {
  readonly version?: number
  readonly random?: Uint8Array
  readonly sessionId?: Uint8Array
  readonly suiteCode?: number
  readonly compression?: number
  /** Whole extensions, headers included; default supported_versions and key_share. */
  readonly extensions?: readonly Uint8Array[]
}

const u16 = (value: number): Uint8Array => encodeNumber(2, value)

/** `supported_versions` of a ServerHello. */
export const tls13Version: Uint8Array = encodeExtension(EXTENSION.supportedVersions, u16(0x0304))

/** CertificateRequest that accepts Ed25519. */
export function certificateRequest(...extensions: readonly Uint8Array[]): Uint8Array {
  const algorithms = encodeExtension(EXTENSION.signatureAlgorithms, encodeVector(2, u16(SCHEME_ED25519)))
  return encodeMessage(
    MESSAGE_TYPE.certificateRequest,
    encodeVector(1),
    encodeVector(2, ...(extensions.length > 0 ? extensions : [algorithms]))
  )
}

/** EncryptedExtensions with these extensions. */
export function encryptedExtensions(...extensions: readonly Uint8Array[]): Uint8Array {
  return encodeMessage(MESSAGE_TYPE.encryptedExtensions, encodeVector(2, ...extensions))
}

/** One server side of one connection. */
export class ScriptedServer {
  readonly suite: CipherSuite
  readonly transcript = new Transcript()
  readonly identity: ServerIdentity
  /** Everything that arrived, in order. */
  readonly seen: SeenRecord[] = []
  sessionId: Uint8Array = new Uint8Array(0)
  clientHello: Uint8Array = new Uint8Array(0)
  shares = new Map<number, Uint8Array>()
  sharePublicKey: Uint8Array = new Uint8Array(0)
  group: GroupName = 'x25519'
  /** DER of the certificate that the client sent, once its flight was read. */
  clientCertificate: Uint8Array | undefined
  readonly #stream: ByteStream
  readonly #splitter = createRecordSplitter()
  readonly #messages = createMessageSplitter()
  #shared: Uint8Array = new Uint8Array(0)
  #keys: { client: Secret; server: Secret; master: Secret } | undefined
  #application: { client: Secret; server: Secret; exporter: Secret } | undefined
  #outgoing: RecordProtection | undefined
  #incoming: RecordProtection | undefined

  constructor(stream: ByteStream, identity: ServerIdentity, suite: CipherSuite = CIPHER_SUITES.TLS_AES_128_GCM_SHA256) {
    this.#stream = stream
    this.identity = identity
    this.suite = suite
  }

  /** Reads the ClientHello. */
  async readHello(): Promise<void> {
    const record = await this.nextRecord()
    if (record?.type !== CONTENT_TYPE.handshake || record.content[0] !== MESSAGE_TYPE.clientHello) {
      throw new Error('no ClientHello')
    }
    this.clientHello = record.content
    this.transcript.add(record.content)
    const reader = new ByteReader(record.content.subarray(4))
    reader.skip(34)
    this.sessionId = readVector8(reader).slice()
    readVector16(reader)
    readVector8(reader)
    const extensions = new ByteReader(readVector16(reader))
    reader.end()
    while (extensions.remaining > 0) {
      const type = extensions.u16be()
      const data = readVector16(extensions)
      if (type !== EXTENSION.keyShare) continue
      const shares = new ByteReader(readVector16(new ByteReader(data)))
      while (shares.remaining > 0) {
        const group = shares.u16be()
        this.shares.set(group, readVector16(shares).slice())
      }
    }
    const share = await createKeyShare(this.group)
    this.sharePublicKey = share.publicKey
    this.#shared = await share.agree(this.shares.get(GROUPS[this.group])!)
  }

  /** `key_share` of a ServerHello. */
  keyShare(group: number = GROUPS[this.group], publicKey: Uint8Array = this.sharePublicKey): Uint8Array {
    return encodeExtension(EXTENSION.keyShare, u16(group), encodeVector(2, publicKey))
  }

  serverHello(parts: ServerHelloParts = {}): Uint8Array {
    return encodeMessage(
      MESSAGE_TYPE.serverHello,
      u16(parts.version ?? 0x0303),
      parts.random ?? new Uint8Array(32).fill(7),
      encodeVector(1, parts.sessionId ?? this.sessionId),
      u16(parts.suiteCode ?? this.suite.code),
      Uint8Array.of(parts.compression ?? 0),
      encodeVector(2, ...(parts.extensions ?? [tls13Version, this.keyShare()]))
    )
  }

  /** Sends an unprotected record. */
  async sendPlain(type: number, content: Uint8Array): Promise<void> {
    await this.#stream.write(plainRecord(type, content))
  }

  /** Sends bytes that are not a record of this server's making. */
  async sendRaw(...parts: readonly Uint8Array[]): Promise<void> {
    await this.#stream.write(concatBytes(...parts))
  }

  /** Seals one record without sending it. */
  seal(type: number, content: Uint8Array, paddingMultiple = 1): Promise<Uint8Array> {
    if (this.#outgoing === undefined) throw new Error('no keys')
    return this.#outgoing.seal(type, content, paddingMultiple)
  }

  /** Sends a protected record. */
  async send(type: number, content: Uint8Array, paddingMultiple = 1): Promise<void> {
    await this.#stream.write(await this.seal(type, content, paddingMultiple))
  }

  /** Sends a handshake message and remembers it; protected once keys are there. */
  async sendMessage(message: Uint8Array): Promise<void> {
    this.transcript.add(message)
    if (this.#outgoing === undefined) await this.sendPlain(CONTENT_TYPE.handshake, message)
    else await this.send(CONTENT_TYPE.handshake, message)
  }

  async sendAlert(name: AlertName, level?: number): Promise<void> {
    const content = Uint8Array.of(level ?? (name === 'close_notify' ? 1 : 2), ALERTS[name])
    if (this.#outgoing === undefined) await this.sendPlain(CONTENT_TYPE.alert, content)
    else await this.send(CONTENT_TYPE.alert, content)
  }

  /** Derives the handshake keys from the transcript so far. */
  async installHandshakeKeys(): Promise<void> {
    this.#keys = await deriveHandshakeSecrets(this.suite, this.#shared.slice(), await this.transcript.hash(this.suite))
    this.#outgoing = await RecordProtection.create(this.suite, this.#keys.server)
    this.#incoming = await RecordProtection.create(this.suite, this.#keys.client)
  }

  /** Switches sending to application keys, derived from the transcript so far. */
  async installApplicationKeys(): Promise<void> {
    const hash = await this.transcript.hash(this.suite)
    const { master } = this.#keys!
    this.#application = {
      client: await this.#derive(master, 'c ap traffic', hash),
      server: await this.#derive(master, 's ap traffic', hash),
      exporter: await this.#derive(master, 'exp master', hash)
    }
    this.#outgoing = await RecordProtection.create(this.suite, this.#application.server)
  }

  certificate(): Uint8Array {
    return encodeCertificate([this.identity.certificateDer])
  }

  /** @param signer - Whose context string the signature names. */
  async certificateVerify(
    signer: 'server' | 'client' = 'server',
    scheme: number = SCHEME_ED25519
  ): Promise<Uint8Array> {
    const content = signedContent(signer, await this.transcript.hash(this.suite))
    return encodeCertificateVerify({ scheme, signature: await this.identity.sign(content) })
  }

  async finished(): Promise<Uint8Array> {
    const key = await deriveSecret(this.suite, this.#keys!.server, 'finished')
    return encodeMessage(MESSAGE_TYPE.finished, await key.mac(await this.transcript.hash(this.suite)))
  }

  async #derive(secret: Secret, label: string, hash: Uint8Array): Promise<Secret> {
    return keepSecret(this.suite, await expandLabel(this.suite, secret, label, hash))
  }

  /** The server's part through Finished, one record per message, as OpenSSL does it; then application keys. */
  async sendFlight(options: { readonly requestCertificate?: boolean } = {}): Promise<void> {
    await this.readHello()
    await this.sendMessage(this.serverHello())
    await this.sendPlain(CONTENT_TYPE.changeCipherSpec, Uint8Array.of(1))
    await this.installHandshakeKeys()
    await this.sendMessage(encryptedExtensions())
    if (options.requestCertificate !== false) await this.sendMessage(certificateRequest())
    await this.sendMessage(this.certificate())
    await this.sendMessage(await this.certificateVerify())
    await this.sendMessage(await this.finished())
    await this.installApplicationKeys()
  }

  /** Reads and checks the client's Certificate, CertificateVerify and Finished. */
  async readFlight(): Promise<void> {
    for (;;) {
      const message = await this.nextMessage()
      const hash = await this.transcript.hash(this.suite)
      if (message.type === MESSAGE_TYPE.certificate) {
        if (message.body.length > 4) this.clientCertificate = decodeCertificate(message.body)
      } else if (message.type === MESSAGE_TYPE.certificateVerify) {
        const { signature } = decodeCertificateVerify(message.body)
        const key = readEd25519Key(this.clientCertificate!)
        if (!(await verifyEd25519(key, signature, signedContent('client', hash)))) throw new Error('client signature')
      } else if (message.type === MESSAGE_TYPE.finished) {
        const expected = await (await deriveSecret(this.suite, this.#keys!.client, 'finished')).mac(hash)
        if (!equalBytes(expected, message.body)) throw new Error('client Finished')
        this.#incoming = await RecordProtection.create(this.suite, this.#application!.client)
        return
      } else {
        throw new Error(`client sent handshake message ${message.type}`)
      }
      this.transcript.add(message.raw)
    }
  }

  /** The whole handshake. */
  async accept(options: { readonly requestCertificate?: boolean } = {}): Promise<void> {
    await this.sendFlight(options)
    await this.readFlight()
  }

  async nextMessage(): Promise<{ type: number; raw: Uint8Array; body: Uint8Array }> {
    for (;;) {
      const raw = this.#messages.next()
      if (raw !== undefined) return { type: raw[0]!, raw, body: raw.subarray(4) }
      const record = await this.nextRecord()
      if (record === undefined) throw new Error('the client ended')
      if (record.type === CONTENT_TYPE.changeCipherSpec) continue
      if (record.type === CONTENT_TYPE.alert) {
        throw new Error(`the client sent alert ${describeAlert(record.content[1]!).name}`)
      }
      this.#messages.push(record.content)
    }
  }

  /** Changes our own key after having announced it. */
  async updateOutgoing(): Promise<void> {
    this.#outgoing = await this.#outgoing!.next()
  }

  /** Follows a KeyUpdate of the client. */
  async updateIncoming(): Promise<void> {
    this.#incoming = await this.#incoming!.next()
  }

  /** The next record of the client, opened; `undefined` at the end. */
  async nextRecord(): Promise<SeenRecord | undefined> {
    for (;;) {
      const record = this.#splitter.next()
      if (record !== undefined) {
        const isProtected = record[0] === CONTENT_TYPE.applicationData
        const seen = isProtected
          ? await this.#open(record)
          : { type: record[0]!, content: record.slice(5), isProtected }
        this.seen.push(seen)
        return seen
      }
      const chunk = await this.#stream.read()
      if (chunk === null) return undefined
      this.#splitter.push(chunk)
    }
  }

  async #open(record: Uint8Array): Promise<SeenRecord> {
    const inner = await this.#incoming!.open(record)
    if (inner === undefined) throw new Error('the client sent a record that does not open')
    let end = inner.length - 1
    while (inner[end] === 0) end--
    return { type: inner[end]!, content: inner.slice(0, end), isProtected: true }
  }

  /** Reads until the client's alert or its end. @returns the alert's name, or `undefined`. */
  async waitForAlert(): Promise<AlertName | 'unknown' | undefined> {
    try {
      for (;;) {
        const record = await this.nextRecord()
        if (record === undefined) return undefined
        if (record.type === CONTENT_TYPE.alert) return describeAlert(record.content[1]!).name
      }
    } catch (error) {
      // A reset by the client looks like this.
      if ((error as { code?: string }).code === 'ERR_CONNECTION_LOST') return undefined
      throw error
    }
  }

  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Promise<Uint8Array> {
    return exportKeyingMaterial(this.suite, this.#application!.exporter, label, context, length)
  }

  close(reason?: unknown): Promise<void> {
    return this.#stream.close(reason)
  }
}
