/**
 * Reads records from a byte stream, opens them, and hands their contents out in order.
 *
 * Decryption through WebCrypto costs a thread hop per record, so several records are opened at once while order is kept.
 * A record that was opened with the keys of the wrong epoch (a KeyUpdate came before it) is opened again with the right ones.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import { abort } from './alerts.js'
import { CONTENT_TYPE, MAX_RECORD_CONTENT } from './constants.js'
import type { RecordProtection } from './record-protection.js'
import { RecordSplitter, type WireRecord } from './record-splitter.js'

/** Bodies that are being opened or wait for their turn, bytes; bounds memory together with one chunk of the stream. */
const WINDOW_BYTES = 262_144

/** The same for records, so that tiny ones cannot start thousands of decryptions. */
const WINDOW_RECORDS = 64

/** Change-cipher-spec records of the compatibility mode that are dropped: servers send one, a few send two. */
const MAX_CHANGE_CIPHER_SPECS = 2

/** Content of one record. */
export interface RecordContent {
  readonly type: number
  /** The caller owns it. */
  readonly content: Uint8Array
}

interface PendingRecord extends WireRecord {
  opened: Promise<Uint8Array | undefined> | undefined
}

/** Pulls records from a stream; one `next` at a time. */
export class RecordReader {
  readonly #stream: ByteStream
  readonly #splitter = new RecordSplitter()
  readonly #pending: PendingRecord[] = []
  #pendingBytes = 0
  #protection: RecordProtection | undefined
  #reading: Promise<void> | undefined
  #ended = false
  /** What went wrong ahead of the reader; raised when everything before it was handed out. */
  #failure: unknown
  #changeCipherSpecs = 0
  #acceptsChangeCipherSpec = true

  constructor(stream: ByteStream) {
    this.#stream = stream
  }

  /** Everything that was not handed out yet belongs to this epoch. */
  setProtection(protection: RecordProtection): void {
    this.#protection = protection
    for (const record of this.#pending) this.#open(record)
  }

  /** From the server's Finished on, change_cipher_spec is an error (RFC 8446 §5). */
  refuseChangeCipherSpec(): void {
    this.#acceptsChangeCipherSpec = false
  }

  /**
   * The next record's content, or `null` when the stream ended between two records.
   *
   * @throws TlsError for a record that breaks the protocol; CocoonError `ERR_CONNECTION_LOST` when the stream ends inside a
   *   record, and whatever the stream rejects with.
   */
  async next(): Promise<RecordContent | null> {
    for (;;) {
      this.#advance()
      const record = this.#pending.shift()
      if (record !== undefined) {
        this.#pendingBytes -= record.body.length
        const content = await this.#contentOf(record)
        if (content !== undefined) return content
      } else if (this.#failure !== undefined) {
        throw this.#failure
      } else if (this.#ended) {
        return this.#atEnd()
      } else {
        await this.#reading
      }
    }
  }

  #atEnd(): null {
    if (this.#splitter.bufferedBytes === 0) return null
    throw new CocoonError('ERR_CONNECTION_LOST', 'the connection ended inside a TLS record', {
      phase: 'tls',
      retryable: true
    })
  }

  /** Splits what has arrived, starts opening it, and asks the stream for more while there is room. */
  #advance(): void {
    try {
      while (this.#failure === undefined && this.#hasRoom()) {
        const record = this.#splitter.next()
        if (record === undefined) {
          if (!this.#ended) this.#reading ??= this.#readChunk()
          return
        }
        const pending: PendingRecord = { ...record, opened: undefined }
        this.#open(pending)
        this.#pending.push(pending)
        this.#pendingBytes += record.body.length
      }
    } catch (error) {
      this.#failure = error
    }
  }

  #hasRoom(): boolean {
    return this.#pendingBytes < WINDOW_BYTES && this.#pending.length < WINDOW_RECORDS
  }

  /** Never rejects: a failure is kept for the reader that reaches it. */
  async #readChunk(): Promise<void> {
    try {
      const chunk = await this.#stream.read()
      if (chunk === null) this.#ended = true
      else this.#splitter.push(chunk)
    } catch (error) {
      this.#failure ??= error
    }
    this.#reading = undefined
  }

  #open(record: PendingRecord): void {
    const isProtected = this.#protection !== undefined && record.type === CONTENT_TYPE.applicationData
    record.opened = isProtected ? this.#protection?.open(record.header, record.body) : undefined
  }

  /** `undefined` for a change_cipher_spec that is dropped. */
  async #contentOf(record: PendingRecord): Promise<RecordContent | undefined> {
    if (record.type === CONTENT_TYPE.changeCipherSpec) {
      this.#dropChangeCipherSpec(record.body)
      return undefined
    }
    if (this.#protection === undefined) return plainContent(record)
    if (record.opened === undefined) abort('unexpected_message', `unprotected record of type ${record.type}`)
    const inner = await record.opened
    if (inner === undefined) abort('bad_record_mac', 'a record failed authentication')
    return innerContent(inner)
  }

  #dropChangeCipherSpec(body: Uint8Array): void {
    if (!this.#acceptsChangeCipherSpec) abort('unexpected_message', 'change_cipher_spec after the handshake')
    if (body.length !== 1 || body[0] !== 1) abort('unexpected_message', 'malformed change_cipher_spec')
    if (++this.#changeCipherSpecs > MAX_CHANGE_CIPHER_SPECS) abort('unexpected_message', 'too many change_cipher_spec')
  }
}

function plainContent(record: WireRecord): RecordContent {
  const { type, body } = record
  if (type !== CONTENT_TYPE.handshake && type !== CONTENT_TYPE.alert) {
    abort('unexpected_message', `record of type ${type} before keys are set`)
  }
  if (body.length > MAX_RECORD_CONTENT) abort('record_overflow', 'record is too long')
  if (body.length === 0) abort('unexpected_message', 'empty record')
  return { type, content: body }
}

/** Strips padding, RFC 8446 §5.4: the last byte that is not zero is the type. */
function innerContent(inner: Uint8Array): RecordContent {
  if (inner.length > MAX_RECORD_CONTENT + 1) abort('record_overflow', 'record content is too long')
  let end = inner.length - 1
  while (end >= 0 && inner[end] === 0) end--
  if (end < 0) abort('unexpected_message', 'record without a content type')
  const type = inner[end]!
  if (end === 0 && type !== CONTENT_TYPE.applicationData) abort('unexpected_message', 'empty protected record')
  return { type, content: inner.subarray(0, end) }
}
