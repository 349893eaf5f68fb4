/**
 * The protected stream after the handshake: application data both ways, KeyUpdate, tickets, alerts, the end.
 *
 * States: `open` (reads and writes), `ended` (the peer sent its last byte; reads give `null`, writes still work),
 * `failed` (one error, given to every later call) and `closed` (by us; everything gives `ERR_CLOSED`).
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import type { Clock } from '../../runtime/ports/clock.js'
import { closedStreamError, closeQuietly } from '../../runtime/shared/index.js'
import { abort, connectionLost, TlsError } from './alerts.js'
import type { CipherSuiteName } from './cipher-suites.js'
import * as MESSAGE_TYPE from './code-points/message-types.js'
import type { HandshakeResult } from './handshake.js'
import { GROUPS, type GroupName } from './key-exchange.js'
import { exportKeyingMaterial } from './key-schedule.js'
import { DATA, type Message, type MessageReader, type TlsEnding } from './message-reader.js'
import { checkNewSessionTicket, decodeKeyUpdate } from './messages/post-handshake.js'
import { overlap } from './overlap.js'
import type { RecordProtection } from './record-protection.js'
import type { RecordReader } from './record-reader.js'
import type { RecordWriter } from './record-writer.js'

/** Empty records, warnings, tickets and key updates in a row, without a byte of data, before they count as a flood. */
const MAX_QUIET_EVENTS = 32

/** How long an orderly close waits for writes that the transport does not take, milliseconds. */
const CLOSE_FLUSH_MS = 2_000

/** What was negotiated. */
export interface TlsInfo {
  readonly cipherSuite: CipherSuiteName
  readonly group: GroupName
  /** Whether the server asked for our certificate; the network always does. */
  readonly certificateRequested: boolean
}

/** A {@link ByteStream} protected by TLS. */
export interface TlsStream extends ByteStream {
  readonly info: TlsInfo
  readonly ending: TlsEnding
  /**
   * Exported keying material, RFC 8446 §7.5.
   *
   * @param length - 1…8160 bytes. @throws CocoonError `ERR_OPTIONS`.
   */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Promise<Uint8Array>
  /** Changes our sending key; with `requestPeer` the peer is asked to change its own. */
  updateKeys(requestPeer?: boolean): Promise<void>
}

/** Parts of a {@link TlsConnection}. */
export interface TlsConnectionOptions {
  readonly stream: ByteStream
  readonly reader: RecordReader
  readonly messages: MessageReader
  readonly writer: RecordWriter
  readonly handshake: HandshakeResult
  readonly clock: Clock
  /** Whether an end without close_notify is an error instead of the end. */
  readonly requireCloseNotify: boolean
}

/** The {@link TlsStream} of the pure engine. */
export class TlsConnection implements TlsStream {
  readonly info: TlsInfo
  readonly #options: TlsConnectionOptions
  #incoming: RecordProtection
  #failure: CocoonError | undefined
  #closing: Promise<void> | undefined
  #writing: Promise<unknown> = Promise.resolve()

  constructor(options: TlsConnectionOptions) {
    const { suite, group, certificateRequested, incoming } = options.handshake
    this.#options = options
    this.#incoming = incoming
    options.messages.quietLimit = MAX_QUIET_EVENTS
    options.messages.resetLimits()
    this.info = {
      cipherSuite: suite.name,
      group: group === GROUPS.x25519 ? 'x25519' : 'secp256r1',
      certificateRequested
    }
  }

  get ending(): TlsEnding {
    return this.#options.messages.ending
  }

  async read(): Promise<Uint8Array | null> {
    this.#assertUsable()
    const { messages, requireCloseNotify, stream, writer } = this.#options
    try {
      for (;;) {
        const message = this.ending === 'open' ? await messages.next() : null
        if (message === null) {
          if (this.ending === 'close_notify' || !(requireCloseNotify || messages.isInsideMessage)) return null
          throw connectionLost('without close_notify', false)
        }
        if (message.type === DATA && message.body.length > 0) {
          messages.resetLimits()
          return message.body
        }
        messages.countQuietEvent()
        if (message.type !== DATA) await this.#onMessage(message)
      }
    } catch (error) {
      this.#assertUsable()
      throw (this.#failure = terminate(stream, writer, error))
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#assertUsable()
    try {
      await (this.#writing = overlap(this.#options.writer.sendData(bytes)))
    } catch (error) {
      this.#assertUsable()
      throw CocoonError.from(error, 'ERR_CONNECTION_LOST', { phase: 'tls' })
    }
  }

  close(reason?: unknown): Promise<void> {
    return (this.#closing ??= this.#close(reason))
  }

  async exportKeyingMaterial(label: string, context: Uint8Array, length: number): Promise<Uint8Array> {
    this.#assertUsable()
    if (!Number.isInteger(length) || length < 1 || length > 8160 || label.length > 200) {
      throw new CocoonError('ERR_OPTIONS', 'length must be 1 to 8160 and the label short', { phase: 'options' })
    }
    const { suite, exporter } = this.#options.handshake
    return exportKeyingMaterial(suite, exporter, label, context, length)
  }

  async updateKeys(requestPeer = false): Promise<void> {
    this.#assertUsable()
    await this.#options.writer.sendKeyUpdate(requestPeer)
  }

  async #onMessage({ type, body }: Message): Promise<void> {
    const { messages, reader, writer } = this.#options
    if (type === MESSAGE_TYPE.newSessionTicket) return checkNewSessionTicket(body)
    // HelloRequest (renegotiation) and a late CertificateRequest among them: neither was offered.
    if (type !== MESSAGE_TYPE.keyUpdate) abort('unexpected_message', `message ${type} after the handshake`)
    const isAnswerDue = decodeKeyUpdate(body)
    messages.assertKeyChange()
    this.#incoming = await this.#incoming.next()
    reader.setProtection(this.#incoming)
    // Not awaited: a peer that does not read must not stop us from reading. A failed write shows in the next one.
    if (isAnswerDue) void overlap(writer.sendKeyUpdate(false))
  }

  #assertUsable(): void {
    if (this.#closing !== undefined) throw closedStreamError()
    if (this.#failure !== undefined) throw this.#failure
  }

  async #close(reason: unknown): Promise<void> {
    const { stream, writer, clock } = this.#options
    if (reason !== undefined || this.#failure !== undefined) return stream.close(reason)
    let cancelTimer: (() => void) | undefined
    const timeLimit = new Promise<void>((resolve) => {
      cancelTimer = clock.setTimer(resolve, CLOSE_FLUSH_MS)
    })
    await Promise.race([this.#writing.catch(() => undefined), timeLimit])
    cancelTimer?.()
    await writer.sendAlert('close_notify').catch(() => undefined)
    await stream.close()
  }
}

/**
 * Ends a stream because of an error: the peer is told when it is at fault, without anybody waiting for it.
 *
 * @returns the error to throw, `ERR_TLS` with internal_error for what is not ours.
 */
export function terminate(stream: ByteStream, writer: RecordWriter, error: unknown): CocoonError {
  const failure = CocoonError.is(error)
    ? error
    : new TlsError('TLS failed inside', { alertSent: 'internal_error', cause: error })
  const alert = failure instanceof TlsError ? failure.alertSent?.name : undefined
  if (alert === undefined || alert === 'unknown') void closeQuietly(stream, failure)
  else {
    // An alert that cannot be sent any more changes nothing: the error is with the caller.
    const close = (): Promise<void> => closeQuietly(stream)
    void writer.sendAlert(alert).then(close, close)
  }
  return failure
}
