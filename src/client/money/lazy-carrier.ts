/**
 * Stands for a {@link MoneyCarrier} until the first call loads it.
 *
 * @module
 */
import type { RegistrySnapshot } from '../../payments/registry/index.js'
import type { CallBudget } from '../../runtime/ports/inference.js'
import { LazyCarrier, type OpenConnection, type ProxyCandidate } from '../network/index.js'
import type { DirectCarrier } from './direct-carrier.js'
import type { MoneyCarrier, MoneyCarrierOptions } from './money-carrier.js'

/** A carrier that is loaded on demand. */
export class LazyMoneyCarrier extends LazyCarrier<MoneyCarrier> implements DirectCarrier {
  constructor(options: MoneyCarrierOptions) {
    super(async () => (await import('./money-carrier.js')).createMoneyCarrier(options))
  }

  get candidates(): readonly ProxyCandidate[] {
    return this.loaded?.candidates ?? []
  }

  get connections(): readonly OpenConnection[] {
    return this.loaded?.connections ?? []
  }

  /** The root state that new calls are under; `undefined` before the first. */
  get snapshot(): RegistrySnapshot | undefined {
    return this.loaded?.registry?.peek() ?? undefined
  }

  /** @inheritDoc */
  async connect(budget: CallBudget): Promise<OpenConnection> {
    return (await this.load()).connect(budget)
  }
}
