/**
 * All requests of one connection: routing by id, back-pressure, drained remainders, settlements.
 *
 * @module
 */
import type { CocoonError } from '../../errors.js'
import type { InferenceFinal } from '../../runtime/ports/inference.js'
import type { CancelTimer, Clock, Random } from '../../runtime/ports/clock.js'
import type { RequestSettlement } from '../../runtime/ports/receipt.js'
import type { AnswerMessage } from './answer-message.js'
import type { PartPosition } from './part-frame.js'
import type { Redact } from './redaction.js'
import { REQUEST_ID_BYTES, requestKey, isRequestIdAt } from './request-id.js'
import {
  type RequestOutcome,
  type RequestOwner,
  RunningRequest,
  type RunningRequestOptions,
  tooLarge
} from './running-request.js'
import type { ResolvedLimits } from './settings.js'
import type { SessionEvent } from './types.js'

/** How long after the proxy's own time an abandoned request is still waited for, milliseconds. */
const GRACE_MS = 30_000

/** What a table needs. */
export interface RequestTableOptions {
  readonly limits: ResolvedLimits
  readonly clock: Clock
  readonly random: Random
  readonly redact: Redact
  readonly onSettlement: (settlement: RequestSettlement) => void
  readonly onEvent: (event: SessionEvent) => void
  /** Reading may go on that was held. */
  readonly onRoom: () => void
}

/** See the module. */
export class RequestTable implements RequestOwner {
  readonly maxBufferedAnswerBytes: number
  readonly redact: Redact
  readonly #options: RequestTableOptions
  readonly #running = new Map<number, RunningRequest>()
  /** Requests with waiting bytes, settled ones included. */
  readonly #weighty = new Set<RunningRequest>()
  readonly #full = new Set<RunningRequest>()
  readonly #reapers = new Map<RunningRequest, CancelTimer>()
  #live = 0
  #totalWeight = 0

  constructor(options: RequestTableOptions) {
    this.#options = options
    this.maxBufferedAnswerBytes = options.limits.maxBufferedAnswerBytes
    this.redact = options.redact
  }

  /** Requests without a final message. */
  get size(): number {
    return this.#running.size
  }

  /** Whether every request that anybody waits for has enough to read. */
  get isFull(): boolean {
    return this.#live > 0 && this.#full.size === this.#live
  }

  /** An id that no running request has, nor its key. */
  freshId(): Uint8Array {
    for (;;) {
      const id = this.#options.random.bytes(REQUEST_ID_BYTES)
      if (!this.#running.has(requestKey(id))) return id
    }
  }

  /** Enters a request that is about to be sent. */
  open(options: RunningRequestOptions): RunningRequest {
    const request = new RunningRequest(options, this)
    this.#running.set(request.key, request)
    this.#live++
    this.#options.onRoom()
    return request
  }

  /** @returns `false` when no running request has this id. */
  route(message: AnswerMessage): boolean {
    const request = this.#find(message.requestId)
    if (request === undefined) return false
    if (!request.handle(message)) this.#options.onEvent({ type: 'ignored', reason: 'unexpected-type' })
    return true
  }

  /** The common part, without objects around it. @returns `false` when no running request has this id. */
  routePart(frame: Uint8Array, { idAt, dataAt, dataEnd }: PartPosition): boolean {
    const request = this.#find(frame, idAt)
    request?.handlePart(frame.subarray(dataAt, dataEnd), undefined)
    return request !== undefined
  }

  /** An answer that does not parse. @returns `false` when no running request has this id. */
  routeBroken(requestId: Uint8Array, error: CocoonError): boolean {
    const request = this.#find(requestId)
    request?.giveUp(error)
    return request !== undefined
  }

  /** The connection is gone. */
  loseAll(error: CocoonError): void {
    for (const request of [...this.#running.values()]) request.lose(error)
  }

  onHead(request: RunningRequest, status: number): void {
    const ms = this.#sinceSent(request)
    this.#options.onEvent({ type: 'answer-head', requestId: request.idHex, status, ms })
  }

  onWeight(request: RunningRequest, delta: number): void {
    this.#totalWeight += delta
    const { weight } = request
    if (weight === 0) this.#weighty.delete(request)
    else if (weight === delta) this.#weighty.add(request)
    const wasFull = this.isFull
    if (request.isLive && weight * 2 > this.maxBufferedAnswerBytes) this.#full.add(request)
    else if (this.#full.size > 0) this.#full.delete(request)
    if (delta > 0) this.#enforceTotal()
    else if (wasFull && !this.isFull) this.#options.onRoom()
  }

  onAbandoned(request: RunningRequest): void {
    this.#leave(request)
    const waitMs = request.options.proxyTimeoutMs + GRACE_MS - this.#sinceSent(request)
    const cancel = this.#options.clock.setTimer(() => request.forget(), Math.max(0, waitMs))
    this.#reapers.set(request, cancel)
  }

  onSettled(request: RunningRequest, outcome: RequestOutcome, final: InferenceFinal): void {
    this.#running.delete(request.key)
    const reaper = this.#reapers.get(request)
    if (reaper === undefined) this.#leave(request)
    else reaper()
    this.#reapers.delete(request)
    const { idHex: requestId, receivedBytes: bytes } = request
    const { tokensUsed } = final
    this.#options.onSettlement({ requestId, model: request.options.model, outcome, tokensUsed })
    this.#options.onEvent({ type: 'answer-end', requestId, outcome, ms: this.#sinceSent(request), bytes })
  }

  #find(bytes: Uint8Array, at = 0): RunningRequest | undefined {
    const request = this.#running.get(requestKey(bytes, at))
    return request !== undefined && isRequestIdAt(request.options.id, bytes, at) ? request : undefined
  }

  /** Nobody waits for more of this request. */
  #leave(request: RunningRequest): void {
    this.#live--
    this.#full.delete(request)
    this.#options.onRoom()
  }

  #enforceTotal(): void {
    while (this.#totalWeight > this.#options.limits.maxBufferedTotalBytes) {
      let heaviest: RunningRequest | undefined
      for (const request of this.#weighty) if (request.weight > (heaviest?.weight ?? 0)) heaviest = request
      if (heaviest === undefined) return
      heaviest.giveUp(tooLarge())
    }
  }

  #sinceSent(request: RunningRequest): number {
    return this.#options.clock.monotonic() - request.options.sentAtMs
  }
}
