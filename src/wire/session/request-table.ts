/**
 * All requests of one connection: routing by id, back-pressure, drained remainders, settlements.
 *
 * @module
 */
import type { CocoonError } from '../../errors.js'
import type { Random } from '../../runtime/ports/clock.js'
import type { AnswerMessage } from './answer-message.js'
import type { PartPosition } from './part-frame.js'
import { REQUEST_ID_BYTES, requestKey, isRequestIdAt } from './request-id.js'
import {
  type RequestContext,
  type RequestOwner,
  RunningRequest,
  type RunningRequestOptions,
  tooLarge
} from './running-request.js'

/** What a table needs. */
export interface RequestTableOptions extends RequestContext {
  readonly random: Random
  /** Reading may go on that was held. */
  readonly onRoom: () => void
}

/** See the module. */
export class RequestTable implements RequestOwner {
  readonly context: RequestTableOptions
  readonly #running = new Map<number, RunningRequest>()
  /** Requests with waiting bytes, settled ones included. */
  readonly #weighty = new Set<RunningRequest>()
  readonly #full = new Set<RunningRequest>()
  #live = 0
  #totalWeight = 0

  constructor(context: RequestTableOptions) {
    this.context = context
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
      const id = this.context.random.bytes(REQUEST_ID_BYTES)
      if (!this.#running.has(requestKey(id))) return id
    }
  }

  /** Enters a request that is about to be sent. */
  open(options: RunningRequestOptions): RunningRequest {
    const request = new RunningRequest(options, this)
    this.#running.set(requestKey(options.id), request)
    this.#live++
    this.context.onRoom()
    return request
  }

  /** @returns `false` when no running request has this id. */
  route(message: AnswerMessage): boolean {
    const request = this.#find(message.requestId)
    if (request === undefined) return false
    if (!request.handle(message)) this.context.onEvent({ type: 'ignored', reason: 'unexpected-type' })
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

  onWeight(request: RunningRequest, delta: number): void {
    this.#totalWeight += delta
    const { weight } = request
    if (weight === 0) this.#weighty.delete(request)
    else if (weight === delta) this.#weighty.add(request)
    const wasFull = this.isFull
    if (request.isLive && weight * 2 > this.context.limits.maxBufferedAnswerBytes) this.#full.add(request)
    else if (this.#full.size > 0) this.#full.delete(request)
    if (delta > 0) this.#enforceTotal()
    else if (wasFull && !this.isFull) this.context.onRoom()
  }

  onLeft(request: RunningRequest): void {
    this.#live--
    this.#full.delete(request)
    this.context.onRoom()
  }

  onSettled(request: RunningRequest): void {
    this.#running.delete(requestKey(request.options.id))
  }

  #find(bytes: Uint8Array, at = 0): RunningRequest | undefined {
    const request = this.#running.get(requestKey(bytes, at))
    return request !== undefined && isRequestIdAt(request.options.id, bytes, at) ? request : undefined
  }

  #enforceTotal(): void {
    while (this.#totalWeight > this.context.limits.maxBufferedTotalBytes) {
      let heaviest: RunningRequest | undefined
      for (const request of this.#weighty) if (request.weight > (heaviest?.weight ?? 0)) heaviest = request
      if (heaviest === undefined) return
      heaviest.giveUp(tooLarge())
    }
  }
}
