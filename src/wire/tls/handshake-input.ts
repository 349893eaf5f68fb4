/**
 * Handshake messages in the order in which the state machine expects them; alerts and stray records end the handshake.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { abort, ALERTS, readAlert, TlsError } from './alerts.js'
import { CONTENT_TYPE } from './constants.js'
import { type HandshakeMessage, MessageAssembler } from './message-assembler.js'
import type { RecordReader } from './record-reader.js'

/** `user_canceled` alerts that are passed over before they count as a flood. */
const MAX_WARNINGS = 4

/** Reads messages until the handshake is over. */
export class HandshakeInput {
  readonly #records: RecordReader
  readonly #messages = new MessageAssembler()
  #warnings = 0

  constructor(records: RecordReader) {
    this.#records = records
  }

  /**
   * The next message, of one of the expected types.
   *
   * @throws TlsError `unexpected_message`; CocoonError `ERR_CONNECTION_LOST` when the connection ends.
   */
  async next(...expected: readonly number[]): Promise<HandshakeMessage> {
    for (;;) {
      const message = this.#messages.next()
      if (message !== undefined) {
        if (expected.includes(message.type)) return message
        abort('unexpected_message', `handshake message ${message.type} where ${expected.join(' or ')} is due`)
      }
      const record = await this.#records.next()
      if (record === null) {
        throw new CocoonError('ERR_CONNECTION_LOST', 'the connection ended during the TLS handshake', {
          phase: 'tls',
          retryable: true
        })
      }
      if (record.type === CONTENT_TYPE.alert) this.#onAlert(record.content)
      else if (record.type === CONTENT_TYPE.handshake) this.#messages.push(record.content)
      else abort('unexpected_message', `record of type ${record.type} during the handshake`)
    }
  }

  /** Before keys change, no part of a further message may have arrived (RFC 8446 §5.1). */
  assertKeyChange(): void {
    if (!this.#messages.isEmpty) abort('unexpected_message', 'a message runs across a change of keys')
  }

  #onAlert(content: Uint8Array): void {
    if (readAlert(content) === 'close_notify') {
      throw new TlsError('the peer closed the connection during the handshake', { alertReceived: ALERTS.close_notify })
    }
    if (this.#messages.isInsideMessage) abort('unexpected_message', 'an alert inside a handshake message')
    if (++this.#warnings > MAX_WARNINGS) abort('unexpected_message', 'too many warning alerts')
  }
}
