/**
 * The session: one state machine over one connection. The steps themselves (what is asked, what an answer must say, how a
 * request lives) stand in the files beside this one.
 *
 * @module
 */
import { decodeTl, type TlObject, type TlObjectName, type TlValue } from '../../encoding/tl/index.js'
import type { TonAddress } from '../../encoding/index.js'
import { CocoonError, type ErrorPhase } from '../../errors.js'
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import type { CallBudget, InferenceAnswer, InferenceRequest, WorkerType } from '../../runtime/ports/inference.js'
import type { PaymentNote } from '../../runtime/ports/receipt.js'
import { abortError, callWatcher, raceAbort } from '../../runtime/shared/index.js'
import { type AnswerMessage, PACKET_IDS, salvageAnswer, toAnswerMessage } from './answer-message.js'
import { ControlQueries } from './control-queries.js'
import { deferred } from './deferred.js'
import { FrameConnection } from './frame-connection.js'
import { PartFrameReader } from './part-frame.js'
import { paymentNoteOf, paymentStatusNote } from './payment-notes.js'
import { beforeSending } from './peer-errors.js'
import { proxyTimeoutSeconds, queryPacket } from './query-message.js'
import { randomInt64 } from './random-int64.js'
import { createRedact, type Redact } from './redaction.js'
import { RequestTable } from './request-table.js'
import type { SessionSettings } from './settings.js'
import { assertTransition, phaseOf, type SessionState } from './state.js'
import type { ProxyParams, QueryContext, Session, SessionEvent, SessionOptions } from './types.js'
import { workerTypesOf } from './worker-types.js'

type ReadyState = Extract<SessionState, { tag: 'ready' }>

/** See {@link Session}. Made by `openSession` only; until `ready` it is driven by establish.ts. */
export class ProxySession implements Session {
  readonly #options: SessionOptions
  /** Cuts our secret out of a peer's text. */
  readonly redact: Redact
  readonly #connection: FrameConnection
  readonly #controls: ControlQueries
  readonly #requests: RequestTable
  readonly #closed = deferred<CocoonError>()
  readonly #partFrames = new PartFrameReader()
  #state: SessionState = { tag: 'connecting' }
  #ready: ReadyState | undefined
  readonly #connected = deferred<void>()
  /** Fires when the session begins to close. */
  readonly #ending = new AbortController()

  constructor(stream: ByteStream, options: SessionOptions, settings: SessionSettings) {
    const { clock, random } = options
    const { limits } = settings
    this.#options = options
    this.redact = createRedact(options.secret)
    this.#connection = new FrameConnection({
      stream,
      limits,
      clock,
      random,
      onFrame: (payload) => this.#onPartFrame(payload),
      onMessage: (object) => this.#onMessage(object),
      onFailure: (error) => void this.shutDown(this.#asStateError(error), true),
      isHeld: () => this.#requests.isFull && this.#controls.size === 0
    })
    this.#controls = new ControlQueries((object) => this.#send(object), random, this.redact)
    this.#requests = new RequestTable({
      limits,
      clock,
      random,
      redact: this.redact,
      onSettlement: (settlement) => callWatcher(() => options.observer?.onSettlement?.(settlement)),
      onEvent: (event) => this.emit(event),
      onRoom: () => this.#connection.resume()
    })
  }

  get closed(): Promise<CocoonError> {
    return this.#closed.promise
  }

  get protocolVersion(): number {
    return this.proxy.protocolVersion
  }

  get proxy(): ProxyParams {
    return this.#settled().handshake.proxy
  }

  get clientContractAddress(): TonAddress {
    return this.#settled().handshake.clientContractAddress
  }

  get contractsVerified(): boolean {
    return this.#settled().contractsVerified
  }

  get activeRequests(): number {
    return this.#requests.size
  }

  get isClosed(): boolean {
    return this.#state.tag === 'closed'
  }

  async query(request: InferenceRequest, { budget, peer }: QueryContext): Promise<InferenceAnswer> {
    const { signal } = budget
    if (signal.aborted) throw abortError(signal, 'query')
    this.#requireReady()
    const id = this.#requests.freshId()
    const timeout = proxyTimeoutSeconds(budget.remainingMs())
    const { configVersion, clock } = this.#options
    const packet = queryPacket(request, {
      requestId: id,
      configVersion,
      protocolVersion: this.protocolVersion,
      timeout
    })
    // Nothing is entered before the message is known to fit; after `send` it may be charged for.
    void this.#send(packet)
    const sentAtMs = clock.monotonic()
    const { model } = request
    const running = this.#requests.open({ id, model, peer, signal, sentAtMs, proxyTimeoutMs: timeout * 1000 })
    this.emit({ type: 'query-sent', requestId: running.idHex, bytes: request.body.length })
    callWatcher(() => request.onSent?.(running.idHex))
    // A transport may have failed inside `send`.
    const { tag } = this.#state
    if (tag === 'closing' || tag === 'closed') running.lose(this.#state.cause)
    return running.head
  }

  async getWorkerTypes(budget: CallBudget): Promise<readonly WorkerType[]> {
    this.#requireReady()
    const ask = async (type: 'client.getWorkerTypesV2' | 'client.getWorkerTypes'): Promise<readonly WorkerType[]> =>
      workerTypesOf(await this.ask({ type }, 'query', ['client.workerTypesV2', 'client.workerTypes'], budget.signal))
    try {
      return await ask('client.getWorkerTypesV2')
    } catch (error) {
      if (!CocoonError.is(error, 'ERR_QUERY_REFUSED')) throw error
      return ask('client.getWorkerTypes')
    }
  }

  async updatePaymentStatus(budget: CallBudget): Promise<PaymentNote> {
    this.#requireReady()
    const query = { type: 'client.updatePaymentStatus' } as const
    const status = await this.ask(query, 'query', ['client.paymentStatus'], budget.signal)
    const note = paymentStatusNote(status)
    this.note(note)
    return note
  }

  async close(reason?: unknown): Promise<void> {
    const cause = CocoonError.is(reason)
      ? reason
      : new CocoonError('ERR_CLOSED', 'the session was closed', { phase: 'close', cause: reason })
    await this.shutDown(cause, false)
  }

  // What follows is for establish.ts and open-session.ts; `Session` does not show it.

  /** Sends `tcp.connect` and waits for `tcp.connected`. Its id is not compared: the reference does not either. */
  connect(): Promise<void> {
    void this.#send({ type: 'tcp.connect', id: randomInt64(this.#options.random) })
    this.#connection.start()
    return this.whileOpen(this.#connected.promise)
  }

  /**
   * One query and its decoded answer, of one of these types; the error of the connection when it ends first.
   *
   * @throws CocoonError `ERR_PROTOCOL` for an answer of another type, and what {@link ControlQueries.ask} throws.
   */
  async ask<Name extends TlObjectName>(
    object: TlObject,
    phase: ErrorPhase,
    expected: readonly Name[],
    signal?: AbortSignal
  ): Promise<TlValue<Name>> {
    const state = this.#state
    if (state.tag === 'closing' || state.tag === 'closed') throw state.cause
    const answer = await this.#controls.ask(object, phase, signal)
    if (expected.includes(answer.type as Name)) return answer as TlValue<Name>
    throw protocolError(`${object.type} was answered with ${answer.type}`, phase === 'query' ? 'answer' : phase)
  }

  /** Changes the state, along the written transitions only. */
  setState(next: SessionState): void {
    assertTransition(this.#state.tag, next.tag)
    this.#state = next
    if (next.tag === 'ready') this.#ready = next
  }

  /** Waits for `work`, but not beyond the life of the session. */
  whileOpen<T>(work: Promise<T>): Promise<T> {
    return raceAbort(work, this.#ending.signal, 'handshake')
  }

  /** Passes a statement about money on. */
  note(note: PaymentNote): void {
    callWatcher(() => this.#options.observer?.onPaymentNote?.(note))
  }

  emit(event: SessionEvent): void {
    callWatcher(() => this.#options.onEvent?.(event))
  }

  /**
   * Rejects everything pending with `cause` and releases the stream; `abrupt` does not wait for what is unsent.
   *
   * @returns the cause that the session ended with, which is that of the first call.
   */
  async shutDown(cause: CocoonError, abrupt: boolean): Promise<CocoonError> {
    if (this.#state.tag === 'closing' || this.#state.tag === 'closed') return this.closed
    this.setState({ tag: 'closing', cause })
    this.emit({ type: 'closed', code: cause.code, phase: cause.phase })
    this.#ending.abort(cause)
    this.#controls.failAll(cause)
    this.#requests.loseAll(cause)
    await this.#connection.release(abrupt ? cause : undefined)
    this.setState({ tag: 'closed', cause })
    this.#closed.resolve(cause)
    return cause
  }

  #settled(): ReadyState {
    if (this.#ready === undefined)
      throw new CocoonError('ERR_INTERNAL', 'the session is not open', { phase: 'handshake' })
    return this.#ready
  }

  #requireReady(): void {
    const state = this.#state
    if (state.tag === 'ready') return
    if (state.tag === 'closing' || state.tag === 'closed') throw beforeSending(state.cause)
    this.#settled()
  }

  #send(object: TlObject): Promise<void> {
    return this.#connection.send(object)
  }

  /** The common case. An unknown request id takes the other way as well, which reports it. */
  #onPartFrame(payload: Uint8Array): boolean {
    const reader = this.#partFrames
    return this.#state.tag === 'ready' && reader.read(payload) && this.#requests.routePart(payload, reader)
  }

  #onMessage(object: TlObject): void {
    if (this.#state.tag === 'connecting') return this.#onFirstMessage(object)
    switch (object.type) {
      case 'tcp.packet':
        return this.#onPacket(object.data)
      case 'tcp.queryAnswer':
        return this.#noteIgnored(this.#controls.answered(object.id, object.data), 'unknown-query')
      case 'tcp.queryError':
        return this.#noteIgnored(this.#controls.refused(object.id, object.code, object.message), 'unknown-query')
      case 'tcp.ping':
        return this.#connection.pong(object.id)
      case 'tcp.pong':
        return
      case 'tcp.connect':
      case 'tcp.connected':
      case 'tcp.query':
        // The reference ignores repeated greetings, and no proxy asks a client anything.
        return this.#noteIgnored(false, 'unexpected-type')
      default:
        throw protocolError('a frame holds something that is no transport message', 'answer')
    }
  }

  #onFirstMessage(object: TlObject): void {
    if (object.type !== 'tcp.connected') {
      throw protocolError('the first message of the peer is not tcp.connected', 'handshake')
    }
    this.setState({ tag: 'handshake' })
    this.#connected.resolve()
  }

  #onPacket(data: Uint8Array): void {
    if (this.#state.tag !== 'ready') return this.#noteIgnored(false, 'unexpected-type')
    const id = data.length < 4 ? 0 : (data[0]! | (data[1]! << 8) | (data[2]! << 16) | (data[3]! << 24)) >>> 0
    if (!PACKET_IDS.has(id)) return this.#noteIgnored(false, 'unknown-constructor')
    let object: TlObject
    try {
      object = decodeTl(data)
    } catch (cause) {
      return this.#onBrokenPacket(data, cause)
    }
    const message = toAnswerMessage(object)
    if (message !== undefined) return this.#route(message)
    const note = paymentNoteOf(object)
    if (note !== undefined) this.note(note)
  }

  /** A packet that does not parse: what it is about fails, when that can be told; the connection is unharmed. */
  #onBrokenPacket(data: Uint8Array, cause: unknown): void {
    const { message, requestId } = salvageAnswer(data)
    if (message !== undefined) return this.#route(message)
    const text = 'a message of the answer does not parse'
    const error = new CocoonError('ERR_ANSWER_INVALID', text, { phase: 'stream', charged: 'unknown', cause })
    const isRouted = requestId !== undefined && this.#requests.routeBroken(requestId, error)
    this.#noteIgnored(isRouted, 'unexpected-type')
  }

  #route(message: AnswerMessage): void {
    this.#noteIgnored(this.#requests.route(message), 'unknown-request')
  }

  /** Reports a message that was of no use. */
  #noteIgnored(wasUsed: boolean, reason: Extract<SessionEvent, { type: 'ignored' }>['reason']): void {
    if (!wasUsed) this.emit({ type: 'ignored', reason })
  }

  /** What broke the connection, in the words of the state that it broke in. */
  #asStateError(cause: CocoonError): CocoonError {
    const { tag } = this.#state
    if (tag === 'connecting' && !this.#connection.hasReceived && cause.code === 'ERR_CONNECTION_LOST') {
      const text = 'the peer ended the connection right after TLS: it refused our certificate, or it has no backend'
      return new CocoonError('ERR_TLS_CERTIFICATE_REJECTED', text, { phase: 'tls', retryable: true, cause })
    }
    const isTransport = cause.code === 'ERR_CONNECTION_LOST' || cause.code === 'ERR_IDLE_TIMEOUT'
    const retryable = isTransport && tag !== 'ready'
    return new CocoonError(cause.code, cause.message, { phase: phaseOf(tag), retryable, cause })
  }
}

function protocolError(text: string, phase: ErrorPhase): CocoonError {
  return new CocoonError('ERR_PROTOCOL', text, { phase })
}
