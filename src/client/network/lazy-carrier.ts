/**
 * Stands for what carries requests until the first call loads it: a page that only shows the client pays nothing for it.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type {
  CallBudget,
  InferenceAnswer,
  InferencePeer,
  InferenceRequest,
  InferenceTransport,
  WorkerType
} from '../../runtime/ports/inference.js'

/** What carries requests, for as long as the client lives. */
export interface Carrier extends InferenceTransport {
  /** Rejects what is pending with `ERR_CLOSED`; resolves when sockets and timers are gone. Safe to call twice. */
  close(): Promise<void>
}

/** A carrier that is loaded on demand. A load that failed is tried again by the next call. */
export class LazyCarrier<C extends Carrier> implements Carrier {
  readonly #load: () => Promise<C>
  #loaded: C | undefined
  #loading: Promise<C> | undefined
  #isClosed = false

  /** @param load - Loads and makes the carrier; asked by the first call. */
  constructor(load: () => Promise<C>) {
    this.#load = load
  }

  /** The carrier, once a call has loaded it. */
  get loaded(): C | undefined {
    return this.#loaded
  }

  /** The carrier itself. @throws CocoonError what making it throws; `ERR_CLOSED`. */
  load(): Promise<C> {
    if (this.#isClosed)
      return Promise.reject(new CocoonError('ERR_CLOSED', 'the client was closed', { phase: 'close' }))
    this.#loading ??= this.#load().then(
      (carrier) => (this.#loaded = carrier),
      (error: unknown) => {
        this.#loading = undefined
        throw CocoonError.from(error, 'ERR_INTERNAL', { phase: 'dial', charged: 'no' })
      }
    )
    return this.#loading
  }

  /** @inheritDoc */
  async send(
    prepare: (peer: InferencePeer) => InferenceRequest | Promise<InferenceRequest>,
    budget: CallBudget
  ): Promise<InferenceAnswer> {
    return (await this.load()).send(prepare, budget)
  }

  /** @inheritDoc */
  async listWorkerTypes(
    budget: CallBudget
  ): Promise<{ readonly peer: InferencePeer; readonly types: readonly WorkerType[] }> {
    return (await this.load()).listWorkerTypes(budget)
  }

  /** @inheritDoc */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#loading?.then(
      (carrier) => carrier.close(),
      () => undefined
    )
  }
}
