/**
 * A pool of proxies that is loaded by the first call. Its candidates are there before.
 *
 * @module
 */
import type { CallBudget } from '../../runtime/ports/inference.js'
import type { ProxyCandidate } from './candidates.js'
import type { ConnectorSettings } from './connect-proxy.js'
import { LazyCarrier } from './lazy-carrier.js'
import type { OpenConnection } from './proxy-link.js'
import type { ProxyPool, ProxyPoolOptions } from './proxy-pool.js'

/** As `ProxyPool`, with connections made under `connector`. */
export class LazyPool extends LazyCarrier<ProxyPool> {
  readonly #proxies: ProxyPoolOptions['proxies']

  constructor(options: Omit<ProxyPoolOptions, 'connect'>, connector: ConnectorSettings) {
    super(async () => {
      const { createConnector, ProxyPool } = await import('./pool/index.js')
      return new ProxyPool({ ...options, connect: createConnector(connector) })
    })
    this.#proxies = options.proxies
  }

  /** Snapshot of all proxies with health notes, in the order given. */
  get candidates(): readonly ProxyCandidate[] {
    return (
      this.loaded?.candidates ??
      this.#proxies.map(({ text }) => ({ address: text, state: 'idle', activeRequests: 0, failures: 0 }))
    )
  }

  /** Connections that stand now. */
  get connections(): readonly OpenConnection[] {
    return this.loaded?.connections ?? []
  }

  /** The connection that the next call would use, dialled when there is none. */
  async connect(budget: CallBudget): Promise<OpenConnection> {
    return (await this.load()).connect(budget)
  }
}
