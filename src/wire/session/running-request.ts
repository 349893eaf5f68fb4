/**
 * One request from sending to settlement: waiting for its head, streaming, or abandoned (nobody waits any more, but the
 * network has no cancel, so its answer is drained and its charge observed).
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import type { InferenceAnswer, InferenceFinal, InferencePeer } from '../../runtime/ports/inference.js'
import { abortError } from '../../runtime/shared/index.js'
import { type AnswerMessage, NO_FINAL } from './answer-message.js'
import { AnswerParts } from './answer-parts.js'
import { afterSending, answerRefused } from './peer-errors.js'
import { requestKey } from './request-id.js'
import { invalidAnswer, readResponseHead } from './response-head.js'

/** How a request ended on the wire. */
export type RequestOutcome = 'complete' | 'error' | 'lost'

/** What a request tells the table that it stands in. */
export interface RequestOwner {
  readonly maxBufferedAnswerBytes: number
  readonly redact: (peerText: string) => string
  /** The head arrived. */
  onHead(request: RunningRequest, status: number): void
  /** More or less waits for the reader. */
  onWeight(request: RunningRequest, delta: number): void
  /** Nobody waits for it any more. */
  onAbandoned(request: RunningRequest): void
  /** The wire is done with it: the last message came, or will never come. */
  onSettled(request: RunningRequest, outcome: RequestOutcome, final: InferenceFinal): void
}

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
  readonly key: number
  readonly idHex: string
  /** Resolves with the answer when its head came. */
  readonly head: Promise<InferenceAnswer>
  /** Body bytes received. */
  receivedBytes = 0
  readonly #owner: RequestOwner
  readonly #parts: AnswerParts
  readonly #final: Promise<InferenceFinal>
  #stage: Stage = 'waiting'
  #resolveHead!: (answer: InferenceAnswer) => void
  #rejectHead!: (error: CocoonError) => void
  #resolveFinal!: (final: InferenceFinal) => void

  constructor(options: RunningRequestOptions, owner: RequestOwner) {
    this.options = options
    this.key = requestKey(options.id)
    this.idHex = bytesToHex(options.id)
    this.#owner = owner
    this.head = new Promise((resolve, reject) => {
      this.#resolveHead = resolve
      this.#rejectHead = reject
    })
    this.#final = new Promise((resolve) => (this.#resolveFinal = resolve))
    this.#parts = new AnswerParts({
      onWeight: (delta) => owner.onWeight(this, delta),
      onAbandoned: () => this.#abandon(),
      onDone: () => options.signal.removeEventListener('abort', this.#onAbort)
    })
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
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
    const text = this.#owner.redact(message.text)
    const error = answerRefused(message.code, text, this.#stage !== 'waiting', message.final)
    this.#settle('error', message.final ?? NO_FINAL, error)
    return true
  }

  /** Gives the request up locally; what still arrives is drained. */
  giveUp(error: CocoonError): void {
    if (this.#stage === 'waiting') this.#rejectHead(error)
    // Also when the last message is here already: the reader must not go on after its budget.
    this.#parts.abort(error)
    this.#abandon()
  }

  /** The connection is gone. */
  lose(error: CocoonError): void {
    this.#settle('lost', NO_FINAL, afterSending(error, this.#stage === 'waiting' ? 'answer' : 'stream'))
  }

  /** No final message came in all the time that the proxy had. */
  forget(): void {
    this.#settle('lost', NO_FINAL, undefined)
  }

  /** Whether it takes so many bytes more. A first part may be of any size: it is in memory already. */
  #takes(length: number): boolean {
    const { weight } = this.#parts
    return weight === 0 || weight + length <= this.#owner.maxBufferedAnswerBytes
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
    this.#owner.onHead(this, response.statusCode)
    this.#push(response.payload)
    this.#resolveHead({
      requestId: this.idHex,
      peer: this.options.peer,
      status: response.statusCode,
      headers: response.headers.map(({ name, value }) => [name, value] as const),
      parts: this.#parts,
      final: this.#final,
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
    this.receivedBytes += data.length
    if (this.#stage !== 'streaming') return
    if (this.#takes(data.length)) this.#parts.push(data)
    else this.giveUp(tooLarge())
  }

  #abandon(): void {
    if (!this.isLive) return
    this.#stage = 'abandoned'
    this.#resolveFinal(NO_FINAL)
    this.options.signal.removeEventListener('abort', this.#onAbort)
    this.#owner.onAbandoned(this)
  }

  #settle(outcome: RequestOutcome, final: InferenceFinal, error: CocoonError | undefined): void {
    if (this.#stage === 'settled') return
    const was = this.#stage
    this.#stage = 'settled'
    if (was === 'waiting') {
      this.options.signal.removeEventListener('abort', this.#onAbort)
      if (error !== undefined) this.#rejectHead(error)
    }
    if (error === undefined) this.#parts.end()
    else this.#parts.fail(error)
    this.#resolveFinal(outcome === 'complete' ? final : { ...final, complete: false })
    this.#owner.onSettled(this, outcome, final)
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
