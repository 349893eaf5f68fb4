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
import { abort, readAlert, TlsError } from './alerts.js'
import type { CipherSuite, CipherSuiteName } from './cipher-suites.js'
import { CONTENT_TYPE, MESSAGE_TYPE } from './constants.js'
import type { HandshakeResult } from './handshake.js'
import { GROUPS, type GroupName } from './key-exchange.js'
import { exportKeyingMaterial } from './key-schedule.js'
import { type HandshakeMessage, MessageAssembler } from './message-assembler.js'
import { checkNewSessionTicket, decodeKeyUpdate } from './messages/post-handshake.js'
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

/**
 * How the peer's direction stands: `close_notify` is the only end that nobody on the path can forge; `truncated` is an end
 * of the transport between two records, which is how the network's servers always end (wire.md §3.1).
 */
export type TlsEnding = 'open' | 'close_notify' | 'truncated'

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
  readonly #suite: CipherSuite
  readonly #messages = new MessageAssembler()
  #incoming: RecordProtection
  #quietEvents = 0
  #ending: TlsEnding = 'open'
  #failure: CocoonError | undefined
  #closing: Promise<void> | undefined
  #writing: Promise<unknown> = Promise.resolve()

  constructor(options: TlsConnectionOptions) {
    const { suite, group, certificateRequested, incoming } = options.handshake
    this.#options = options
    this.#suite = suite
    this.#incoming = incoming
    this.info = {
      cipherSuite: suite.name,
      group: group === GROUPS.x25519 ? 'x25519' : 'secp256r1',
      certificateRequested
    }
  }

  get ending(): TlsEnding {
    return this.#ending
  }

  async read(): Promise<Uint8Array | null> {
    this.#assertUsable()
    if (this.#ending !== 'open') return null
    try {
      return await this.#readData()
    } catch (error) {
      throw this.#fail(error)
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#assertUsable()
    const written = this.#options.writer.sendData(bytes)
    this.#writing = written
    try {
      await written
    } catch (error) {
      if (this.#closing !== undefined) throw closedError()
      throw this.#failure ?? CocoonError.from(error, 'ERR_CONNECTION_LOST', { phase: 'tls' })
    }
  }

  close(reason?: unknown): Promise<void> {
    this.#closing ??= this.#close(reason)
    return this.#closing
  }

  async exportKeyingMaterial(label: string, context: Uint8Array, length: number): Promise<Uint8Array> {
    this.#assertUsable()
    if (!Number.isInteger(length) || length < 1 || length > 8160 || label.length > 200) {
      throw new CocoonError('ERR_OPTIONS', 'length must be 1 to 8160 and the label short', { phase: 'options' })
    }
    return exportKeyingMaterial(this.#suite, await this.#options.handshake.exporter(), label, context, length)
  }

  async updateKeys(requestPeer = false): Promise<void> {
    this.#assertUsable()
    await this.#options.writer.sendKeyUpdate(requestPeer)
  }

  async #readData(): Promise<Uint8Array | null> {
    for (;;) {
      const record = await this.#options.reader.next()
      if (record === null) return this.#onBareEnd()
      if (this.#messages.isInsideMessage && record.type !== CONTENT_TYPE.handshake) {
        abort('unexpected_message', 'a record inside a handshake message')
      }
      switch (record.type) {
        case CONTENT_TYPE.applicationData:
          if (record.content.length > 0) {
            this.#quietEvents = 0
            this.#messages.resetLimit()
            return record.content
          }
          this.#countQuietEvent()
          break
        case CONTENT_TYPE.handshake:
          this.#messages.push(record.content)
          for (let message = this.#messages.next(); message !== undefined; message = this.#messages.next()) {
            await this.#onMessage(message)
          }
          break
        case CONTENT_TYPE.alert:
          if (readAlert(record.content) === 'close_notify') {
            this.#ending = 'close_notify'
            return null
          }
          this.#countQuietEvent()
          break
        default:
          abort('unexpected_message', `record of type ${record.type} after the handshake`)
      }
    }
  }

  #onBareEnd(): null {
    this.#ending = 'truncated'
    if (this.#options.requireCloseNotify || this.#messages.isInsideMessage) {
      throw new CocoonError('ERR_CONNECTION_LOST', 'the connection ended without close_notify', { phase: 'tls' })
    }
    return null
  }

  async #onMessage(message: HandshakeMessage): Promise<void> {
    this.#countQuietEvent()
    switch (message.type) {
      case MESSAGE_TYPE.newSessionTicket:
        return checkNewSessionTicket(message.body)
      case MESSAGE_TYPE.keyUpdate:
        return this.#onKeyUpdate(decodeKeyUpdate(message.body))
      default:
        // HelloRequest (renegotiation) and a late CertificateRequest among them: neither was offered.
        abort('unexpected_message', `handshake message ${message.type} after the handshake`)
    }
  }

  async #onKeyUpdate(isAnswerDue: boolean): Promise<void> {
    if (!this.#messages.isEmpty) abort('unexpected_message', 'a message runs across a change of keys')
    this.#incoming = await this.#incoming.next()
    this.#options.reader.setProtection(this.#incoming)
    // Not awaited: a peer that does not read must not stop us from reading. A failed write shows in the next one.
    if (isAnswerDue) this.#options.writer.sendKeyUpdate(false).catch(() => undefined)
  }

  #countQuietEvent(): void {
    if (++this.#quietEvents > MAX_QUIET_EVENTS) abort('unexpected_message', 'too many records without data')
  }

  #assertUsable(): void {
    if (this.#closing !== undefined) throw closedError()
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Ends the connection because of an error, telling the peer when it is at fault. */
  #fail(error: unknown): CocoonError {
    if (this.#closing !== undefined) return closedError()
    if (this.#failure !== undefined) return this.#failure
    const failure = CocoonError.is(error)
      ? error
      : new TlsError('TLS failed inside', { alertSent: 'internal_error', cause: error })
    this.#failure = failure
    void terminate(this.#options.stream, this.#options.writer, failure)
    return failure
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

/** Sends the alert that an error calls for, then ends the stream. Never rejects. */
export async function terminate(stream: ByteStream, writer: RecordWriter, error: CocoonError): Promise<void> {
  const alert = error instanceof TlsError ? error.alertSent?.name : undefined
  try {
    if (alert === undefined || alert === 'unknown') return await stream.close(error)
    await writer.sendAlert(alert)
    await stream.close()
  } catch {
    // The stream is gone already, and the error is with the caller.
  }
}

function closedError(): CocoonError {
  return new CocoonError('ERR_CLOSED', 'the TLS stream was closed', { phase: 'close' })
}
