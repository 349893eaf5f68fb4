/**
 * Queries with one answer each (`tcp.query`): handshake, authorisation, worker types, payment status.
 *
 * @module
 */
import { decodeTl, encodeTl, type TlObject } from '../../encoding/tl/index.js'
import type { CocoonError, ErrorPhase } from '../../errors.js'
import type { Random } from '../../runtime/ports/clock.js'
import { raceAbort, throwIfAborted } from '../../runtime/shared/index.js'
import { type Deferred, deferred } from './deferred.js'
import { queryRefused } from './peer-errors.js'
import { randomInt64 } from './random-int64.js'
import type { Redact } from './redaction.js'

interface Pending extends Deferred<Uint8Array> {
  readonly phase: ErrorPhase
}

/** Where a query is sent to. */
export type SendObject = (object: TlObject) => Promise<void>

/** The outstanding queries of one connection, by their random id. Answers may come in any order. */
export class ControlQueries {
  readonly #pending = new Map<bigint, Pending>()
  readonly #random: Random
  readonly #redact: Redact
  readonly #send: SendObject

  constructor(send: SendObject, random: Random, redact: Redact) {
    this.#send = send
    this.#random = random
    this.#redact = redact
  }

  /** Queries without an answer. */
  get size(): number {
    return this.#pending.size
  }

  /**
   * Sends a query and resolves with its decoded answer.
   *
   * @throws CocoonError `ERR_QUERY_REFUSED` | `ERR_TL_DECODE` | the signal's reason | what `failAll` was given.
   */
  async ask(object: TlObject, phase: ErrorPhase, signal?: AbortSignal): Promise<TlObject> {
    throwIfAborted(signal, phase)
    let id = randomInt64(this.#random)
    while (this.#pending.has(id)) id = randomInt64(this.#random)
    const answer = deferred<Uint8Array>()
    this.#pending.set(id, { ...answer, phase })
    try {
      void this.#send({ type: 'tcp.query', id, data: encodeTl(object) })
      return decodeTl(await raceAbort(answer.promise, signal, phase))
    } finally {
      this.#pending.delete(id)
    }
  }

  /** @returns whether somebody waits for this id. */
  answered(id: bigint, data: Uint8Array): boolean {
    const pending = this.#pending.get(id)
    pending?.resolve(data)
    return this.#pending.delete(id)
  }

  /** @returns whether somebody waits for this id. */
  refused(id: bigint, code: number, text: string): boolean {
    const pending = this.#pending.get(id)
    pending?.reject(queryRefused(code, this.#redact(text), pending.phase))
    return this.#pending.delete(id)
  }

  failAll(error: CocoonError): void {
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
  }
}
