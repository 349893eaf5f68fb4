/**
 * Stands for a {@link MoneyCarrier} until the first call loads it.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { RegistrySnapshot } from '../../payments/registry/index.js'
import type { CallBudget, InferenceAnswer, InferencePeer, InferenceRequest, WorkerType } from '../../runtime/ports/inference.js'
import type { OpenConnection, ProxyCandidate } from '../network/index.js'
import type { DirectCarrier } from './direct-carrier.js'
import type { MoneyCarrier, MoneyCarrierOptions } from './money-carrier.js'

/** A carrier that is loaded on demand. */
export class LazyMoneyCarrier implements DirectCarrier {
  readonly #options: MoneyCarrierOptions
  #loaded: MoneyCarrier | undefined
  #loading: Promise<MoneyCarrier> | undefined
  #closed = false

  constructor(options: MoneyCarrierOptions) {
    this.#options = options
  }

  get candidates(): readonly ProxyCandidate[] {
    return this.#loaded?.candidates ?? []
  }

  get connections(): readonly OpenConnection[] {
    return this.#loaded?.connections ?? []
  }

  /** The root state that new calls are under; `undefined` before the first. */
  get snapshot(): RegistrySnapshot | undefined {
    return this.#loaded?.registry?.peek() ?? undefined
  }

  /** The carrier itself. @throws CocoonError what making it throws; `ERR_CLOSED`. */
  async load(): Promise<MoneyCarrier> {
    if (this.#closed) throw new CocoonError('ERR_CLOSED', 'the client was closed', { phase: 'close' })
    this.#loading ??= import('./money-carrier.js').then(({ createMoneyCarrier }) => {
      this.#loaded = createMoneyCarrier(this.#options)
      return this.#loaded
    })
    return this.#loading
  }

  async send(
    prepare: (peer: InferencePeer) => InferenceRequest | Promise<InferenceRequest>,
    budget: CallBudget
  ): Promise<InferenceAnswer> {
    return (await this.load()).send(prepare, budget)
  }

  async listWorkerTypes(
    budget: CallBudget
  ): Promise<{ readonly peer: InferencePeer; readonly types: readonly WorkerType[] }> {
    return (await this.load()).listWorkerTypes(budget)
  }

  async connect(budget: CallBudget): Promise<OpenConnection> {
    return (await this.load()).connect(budget)
  }

  async close(): Promise<void> {
    const loading = this.#loading
    this.#closed = true
    await loading?.then(
      (carrier) => carrier.close(),
      () => undefined
    )
  }
}
