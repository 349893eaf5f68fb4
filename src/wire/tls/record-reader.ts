/**
 * Reads records from a byte stream, opens them, and hands their contents out in order.
 *
 * Decryption through WebCrypto costs a thread hop per record, so several records are opened at once while order is kept.
 * A record that was opened with the keys of the wrong epoch (a KeyUpdate came before it) is opened again with the right ones.
 *
 * @module
 */
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import { abort, connectionLost } from './alerts.js'
import * as RECORD_TYPE from './code-points/record-types.js'
import { MAX_RECORD_CONTENT, RECORD_HEADER } from './constants.js'
import type { RecordProtection } from './record-protection.js'
import { createRecordSplitter } from './splitter.js'

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

interface PendingRecord {
  /** Header and body as they are on the wire. */
  readonly wire: Uint8Array
  opened: Promise<Uint8Array | undefined> | undefined
}

/** Pulls records from a stream; one `next` at a time. */
export class RecordReader {
  readonly #stream: ByteStream
  readonly #splitter = createRecordSplitter()
  readonly #pending: PendingRecord[] = []
  #pendingBytes = 0
  #protection: RecordProtection | undefined
  #reading: Promise<void> | undefined
  #ended = false
  /** What went wrong ahead of the reader; raised when everything before it was handed out. */
  #failure: unknown
  #changeCipherSpecsLeft = MAX_CHANGE_CIPHER_SPECS

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
    this.#changeCipherSpecsLeft = 0
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
        this.#pendingBytes -= record.wire.length
        const content = await this.#contentOf(record)
        if (content !== undefined) return content
      } else if (this.#failure !== undefined) {
        throw this.#failure
      } else if (!this.#ended) {
        await this.#reading
      } else if (this.#splitter.bufferedBytes === 0) {
        return null
      } else throw connectionLost('inside a TLS record')
    }
  }

  /** Splits what has arrived, starts opening it, and asks the stream for more while there is room. */
  #advance(): void {
    try {
      while (
        this.#failure === undefined &&
        this.#pendingBytes < WINDOW_BYTES &&
        this.#pending.length < WINDOW_RECORDS
      ) {
        const wire = this.#splitter.next()
        if (wire === undefined) {
          if (!this.#ended) this.#reading ??= this.#readChunk()
          return
        }
        const record = { wire, opened: undefined }
        this.#open(record)
        this.#pending.push(record)
        this.#pendingBytes += wire.length
      }
    } catch (error) {
      this.#failure = error
    }
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
    const { wire } = record
    record.opened = wire[0] === RECORD_TYPE.applicationData ? this.#protection?.open(wire) : undefined
  }

  /** `undefined` for a change_cipher_spec that is dropped. */
  async #contentOf({ wire, opened }: PendingRecord): Promise<RecordContent | undefined> {
    let type = wire[0]!
    let content = wire.subarray(RECORD_HEADER)
    if (type === RECORD_TYPE.changeCipherSpec) {
      if (content.length !== 1 || content[0] !== 1 || this.#changeCipherSpecsLeft-- <= 0) {
        abort('unexpected_message', 'change_cipher_spec')
      }
      return undefined
    }
    if (this.#protection !== undefined) {
      if (opened === undefined) abort('unexpected_message', `unprotected record of type ${type}`)
      const inner = await opened
      if (inner === undefined) abort('bad_record_mac', 'record')
      if (inner.length > MAX_RECORD_CONTENT + 1) abort('record_overflow', 'content')
      // RFC 8446 §5.4: the last byte that is not zero is the type, what follows is padding.
      let end = inner.length - 1
      while (inner[end] === 0) end--
      if (end < 0) abort('unexpected_message', 'no content type')
      type = inner[end]!
      content = inner.subarray(0, end)
      if (type === RECORD_TYPE.applicationData) return { type, content }
    } else if (type !== RECORD_TYPE.handshake && type !== RECORD_TYPE.alert) {
      abort('unexpected_message', `record of type ${type} before keys are set`)
    }
    if (content.length > MAX_RECORD_CONTENT) abort('record_overflow', 'content')
    if (content.length === 0) abort('unexpected_message', 'empty record')
    return { type, content }
  }
}
