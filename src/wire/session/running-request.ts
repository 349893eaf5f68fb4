/**
 * One request from sending to settlement: waiting for its head, streaming, or abandoned (nobody waits any more, but the
 * network has no cancel, so its answer is drained and its charge observed).
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import type { CancelTimer, Clock } from '../../runtime/ports/clock.js'
import type { InferenceAnswer, InferenceFinal, InferencePeer } from '../../runtime/ports/inference.js'
import type { RequestSettlement } from '../../runtime/ports/receipt.js'
import { abortError } from '../../runtime/shared/index.js'
import { type AnswerMessage, NO_FINAL } from './answer-message.js'
import { AnswerParts } from './answer-parts.js'
import { deferred } from './deferred.js'
import { afterSending, answerRefused } from './peer-errors.js'
import type { Redact } from './redaction.js'
import { invalidAnswer, readResponseHead } from './response-head.js'
import type { ResolvedLimits } from './settings.js'
import type { SessionEvent } from './types.js'

/** How a request ended on the wire. */
export type RequestOutcome = 'complete' | 'error' | 'lost'

/** What all requests of a connection share. */
export interface RequestContext {
  readonly limits: ResolvedLimits
  readonly clock: Clock
  readonly redact: Redact
  readonly onSettlement: (settlement: RequestSettlement) => void
  readonly onEvent: (event: SessionEvent) => void
}

/** The table that a request stands in. */
export interface RequestOwner {
  readonly context: RequestContext
  /** More or less waits for the reader. */
  onWeight(request: RunningRequest, delta: number): void
  /** Nobody waits for more of it. */
  onLeft(request: RunningRequest): void
  /** The wire is done with it: the last message came, or will never come. */
  onSettled(request: RunningRequest): void
}

/** How long after the proxy's own time an abandoned request is still waited for, milliseconds. */
const GRACE_MS = 30_000

/** What is known when a request is sent. */
export interface RunningRequestOptions {
  readonly id: Uint8Array
  readonly model: string
  readonly peer: InferencePeer
  readonly signal: AbortSignal
  /** Monotonic milliseconds. */
  readonly sentAtMs: number
  /** What the proxy was given, milliseconds. */
  readonly proxyTimeoutMs: number
}

type Stage = 'waiting' | 'streaming' | 'abandoned' | 'settled'

/** See the module. All entries are synchronous and never throw. */
export class RunningRequest {
  readonly options: RunningRequestOptions
  readonly idHex: string
  readonly #owner: RequestOwner
  readonly #parts: AnswerParts
  readonly #head = deferred<InferenceAnswer>()
  readonly #final = deferred<InferenceFinal>()
  #stage: Stage = 'waiting'
  #receivedBytes = 0
  /** Stops waiting for the rest of an abandoned request. */
  #cancelTimer: CancelTimer | undefined

  constructor(options: RunningRequestOptions, owner: RequestOwner) {
    this.options = options
    this.idHex = bytesToHex(options.id)
    this.#owner = owner
    this.#parts = new AnswerParts({
      onWeight: (delta) => owner.onWeight(this, delta),
      onAbandoned: () => this.#abandon(),
      onDone: () => options.signal.removeEventListener('abort', this.#onAbort)
    })
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Resolves with the answer when its head came. */
  get head(): Promise<InferenceAnswer> {
    return this.#head.promise
  }

  /** Bytes that wait for the reader. */
  get weight(): number {
    return this.#parts.weight
  }

  /** Whether somebody waits for more of it. */
  get isLive(): boolean {
    return this.#stage === 'waiting' || this.#stage === 'streaming'
  }

  /** A message of the peer. @returns whether it was of any use. */
  handle(message: AnswerMessage): boolean {
    if (message.kind === 'head') return this.#handleHead(message.data, message.final)
    if (message.kind === 'part') return this.handlePart(message.data, message.final)
    const text = this.#owner.context.redact(message.text)
    const error = answerRefused(message.code, text, this.#stage !== 'waiting', message.final)
    this.#settle('error', message.final ?? NO_FINAL, error)
    return true
  }

  /** Gives the request up locally; what still arrives is drained. */
  giveUp(error: CocoonError): void {
    if (this.#stage === 'waiting') this.#head.reject(error)
    // Also when the last message is here already: the reader must not go on after its budget.
    this.#parts.abort(error)
    this.#abandon()
  }

  /** The connection is gone. */
  lose(error: CocoonError): void {
    this.#settle('lost', NO_FINAL, afterSending(error, this.#stage === 'waiting' ? 'answer' : 'stream'))
  }

  /** Whether it takes so many bytes more. A first part may be of any size: it is in memory already. */
  #takes(length: number): boolean {
    const { weight } = this.#parts
    return weight === 0 || weight + length <= this.#owner.context.limits.maxBufferedAnswerBytes
  }

  #handleHead(data: Uint8Array, final: InferenceFinal | undefined): boolean {
    if (this.#stage === 'waiting') this.#openAnswer(data)
    else if (this.#stage === 'streaming' && final === undefined) return false
    if (final !== undefined) this.#settle('complete', final, undefined)
    return true
  }

  #openAnswer(data: Uint8Array): void {
    let response: ReturnType<typeof readResponseHead>
    try {
      response = readResponseHead(data)
    } catch (error) {
      return this.giveUp(CocoonError.from(error, 'ERR_ANSWER_INVALID', { phase: 'answer', charged: 'unknown' }))
    }
    this.#stage = 'streaming'
    const { idHex: requestId } = this
    const { statusCode: status } = response
    this.#owner.context.onEvent({ type: 'answer-head', requestId, status, ms: this.#sinceSentMs() })
    this.#push(response.payload)
    this.#head.resolve({
      requestId,
      peer: this.options.peer,
      status,
      headers: response.headers.map(({ name, value }) => [name, value] as const),
      parts: this.#parts,
      final: this.#final.promise,
      cancel: (reason) => this.giveUp(cancelled(reason))
    })
  }

  /** Body bytes, with the final figures when they are the last ones. @returns `true`: it is always of use. */
  handlePart(data: Uint8Array, final: InferenceFinal | undefined): boolean {
    if (this.#stage === 'waiting') this.giveUp(invalidAnswer('a part of the answer came before its head'))
    this.#push(data)
    if (final !== undefined) this.#settle('complete', final, undefined)
    return true
  }

  #push(data: Uint8Array): void {
    this.#receivedBytes += data.length
    if (this.#stage !== 'streaming') return
    if (this.#takes(data.length)) this.#parts.push(data)
    else this.giveUp(tooLarge())
  }

  #abandon(): void {
    if (!this.isLive) return
    this.#stage = 'abandoned'
    this.#final.resolve(NO_FINAL)
    this.options.signal.removeEventListener('abort', this.#onAbort)
    this.#owner.onLeft(this)
    const waitMs = this.options.proxyTimeoutMs + GRACE_MS - this.#sinceSentMs()
    const forget = (): void => this.#settle('lost', NO_FINAL, undefined)
    this.#cancelTimer = this.#owner.context.clock.setTimer(forget, Math.max(0, waitMs))
  }

  #settle(outcome: RequestOutcome, final: InferenceFinal, error: CocoonError | undefined): void {
    if (this.#stage === 'settled') return
    const was = this.#stage
    this.#stage = 'settled'
    this.#cancelTimer?.()
    if (was === 'waiting') {
      this.options.signal.removeEventListener('abort', this.#onAbort)
      if (error !== undefined) this.#head.reject(error)
    }
    if (error === undefined) this.#parts.end()
    else this.#parts.fail(error)
    this.#final.resolve(outcome === 'complete' ? final : { ...final, complete: false })
    if (was !== 'abandoned') this.#owner.onLeft(this)
    this.#owner.onSettled(this)
    const { onSettlement, onEvent } = this.#owner.context
    const { tokensUsed } = final
    const { idHex: requestId } = this
    onSettlement({ requestId, model: this.options.model, outcome, tokensUsed })
    onEvent({ type: 'answer-end', requestId, outcome, ms: this.#sinceSentMs(), bytes: this.#receivedBytes })
  }

  #sinceSentMs(): number {
    return this.#owner.context.clock.monotonic() - this.options.sentAtMs
  }

  readonly #onAbort = (): void => {
    const phase = this.#stage === 'waiting' ? 'answer' : 'stream'
    this.giveUp(afterSending(abortError(this.options.signal, phase), phase))
  }
}

/** An answer that exceeded what may wait for a slow reader. */
export function tooLarge(): CocoonError {
  const text = 'the answer arrived faster than it was read, beyond the limit of what may wait'
  return new CocoonError('ERR_ANSWER_TOO_LARGE', text, { phase: 'stream', charged: 'unknown' })
}

/** The reason of a `cancel`, as an error: itself when it is one of ours. */
function cancelled(reason: unknown): CocoonError {
  if (CocoonError.is(reason)) return reason
  return new CocoonError('ERR_ABORTED', 'the answer was given up', {
    phase: 'stream',
    charged: 'unknown',
    cause: reason
  })
}
