/**
 * What the peer says, record by record: handshake messages put together, application data, alerts, the end. Serves the
 * handshake and the stream after it.
 *
 * @module
 */
import { abort, isCloseNotify } from './alerts.js'
import * as RECORD_TYPE from './code-points/record-types.js'
import { MAX_HANDSHAKE_BYTES } from './constants.js'
import type { RecordReader } from './record-reader.js'
import { createMessageSplitter, MESSAGE_HEADER } from './splitter.js'

/** `type` of application data; handshake messages have those of RFC 8446 §4, which are bytes. */
export const DATA = 256

/** Warnings during a handshake that are passed over before they count as a flood. */
const MAX_HANDSHAKE_WARNINGS = 4

/** A handshake message or application data. */
export interface Message {
  readonly type: number
  /** Header and body: what the transcript covers. */
  readonly raw: Uint8Array
  readonly body: Uint8Array
}

/**
 * How the peer's direction stands: `close_notify` is the only end that nobody on the path can forge; `truncated` is an end
 * of the transport between two records, which is how the network's servers always end (wire.md §3.1).
 */
export type TlsEnding = 'open' | 'close_notify' | 'truncated'

/** Pulls messages from records. */
export class MessageReader {
  /** Quiet events (see {@link countQuietEvent}) before they count as a flood. */
  quietLimit: number = MAX_HANDSHAKE_WARNINGS
  ending: TlsEnding = 'open'
  readonly #records: RecordReader
  readonly #messages = createMessageSplitter()
  #handshakeBytes = 0
  #quietEvents = 0

  constructor(records: RecordReader) {
    this.#records = records
  }

  /** Whether a message, or a part of one, waits. */
  get isInsideMessage(): boolean {
    return this.#messages.bufferedBytes > 0
  }

  /**
   * The next message; `null` when the peer ended, see {@link ending}.
   *
   * @throws TlsError for what the protocol forbids; CocoonError `ERR_CONNECTION_LOST` inside a record.
   */
  async next(): Promise<Message | null> {
    for (;;) {
      const raw = this.#messages.next()
      if (raw !== undefined) return { type: raw[0]!, raw, body: raw.subarray(MESSAGE_HEADER) }
      const record = await this.#records.next()
      if (record === null) {
        this.ending = 'truncated'
        return null
      }
      const { type, content } = record
      if (type === RECORD_TYPE.handshake) {
        this.#handshakeBytes += content.length
        if (this.#handshakeBytes > MAX_HANDSHAKE_BYTES) abort('illegal_parameter', 'handshake length')
        this.#messages.push(content)
        continue
      }
      // RFC 8446 §5.1: nothing may stand between the records of one message.
      if (this.isInsideMessage) abort('unexpected_message', 'record inside a message')
      if (type === RECORD_TYPE.applicationData) return { type: DATA, raw: content, body: content }
      if (type !== RECORD_TYPE.alert) abort('unexpected_message', `record type ${type}`)
      if (isCloseNotify(content)) {
        this.ending = 'close_notify'
        return null
      }
      this.countQuietEvent()
    }
  }

  /** Before keys change, no part of a further message may have arrived (RFC 8446 §5.1). */
  assertKeyChange(): void {
    if (this.isInsideMessage) abort('unexpected_message', 'message across a change of keys')
  }

  /** Counts what costs us work and brings no data: warnings, empty records, tickets, key updates. */
  countQuietEvent(): void {
    if (++this.#quietEvents > this.quietLimit) abort('unexpected_message', 'too many records without data')
  }

  /** Data arrived: counting starts anew. */
  resetLimits(): void {
    this.#quietEvents = this.#handshakeBytes = 0
  }
}
