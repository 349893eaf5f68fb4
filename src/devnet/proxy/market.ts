/**
 * The models and workers of a devnet, shared by its proxies, and what one proxy knows about their load.
 *
 * Source: session.md §9; pricing.md §5 (worker choice).
 *
 * @module
 */
import type { TlObject } from '../../encoding/tl/index.js'
import { withinCoefficient, type OfferedWorker } from '../../payments/pricing/index.js'
import type { DevnetWorker } from '../worker/index.js'

/** Workers by model base name; a model stays listed when its workers are gone. */
export type Market = Map<string, DevnetWorker[]>

/** The sentinel that the reference adds to every list of coefficients. */
const SENTINEL = 2147483647
/** Window of the average query time, milliseconds. */
const WINDOW_MS = 600_000

interface Load {
  running: number
  finished: Array<{ readonly atMs: number; readonly durationMs: number }>
}

/** One proxy's view of the market. */
export class MarketView {
  readonly #market: Market
  readonly #proxyCount: () => number
  readonly #now: () => number
  readonly #loads = new Map<DevnetWorker, Load>()

  constructor(market: Market, proxyCount: () => number, now: () => number) {
    this.#market = market
    this.#proxyCount = proxyCount
    this.#now = now
  }

  #load(worker: DevnetWorker): Load {
    let load = this.#loads.get(worker)
    if (load === undefined) this.#loads.set(worker, (load = { running: 0, finished: [] }))
    return load
  }

  /** This proxy's share of a worker's slots. */
  #share(worker: DevnetWorker): number {
    return Math.ceil(worker.maxActiveRequests / this.#proxyCount())
  }

  #offer(worker: DevnetWorker): OfferedWorker {
    return {
      coefficient: worker.coefficient,
      enabled: worker.enabled,
      activeRequests: this.#load(worker).running,
      maxActiveRequests: this.#share(worker)
    }
  }

  /** What refusals are decided by; `undefined` for a model never seen. */
  offers(model: string): readonly OfferedWorker[] | undefined {
    return this.#market.get(model)?.map((worker) => this.#offer(worker))
  }

  /** The free worker within the limit whose running × average time is smallest; price plays no part. */
  choose(model: string, maxCoefficient: number): DevnetWorker | undefined {
    let best: DevnetWorker | undefined
    let bestWeight = Number.POSITIVE_INFINITY
    for (const worker of this.#market.get(model) ?? []) {
      const load = this.#load(worker)
      if (!worker.enabled || load.running >= this.#share(worker)) continue
      if (!withinCoefficient(worker.coefficient, maxCoefficient)) continue
      const weight = load.running * this.#averageMs(load)
      if (weight < bestWeight) {
        best = worker
        bestWeight = weight
      }
    }
    return best
  }

  #averageMs(load: Load): number {
    const since = this.#now() - WINDOW_MS
    const first = load.finished.findIndex((item) => item.atMs >= since)
    if (first > 0) load.finished.splice(0, first)
    else if (first < 0) load.finished = []
    if (load.finished.length === 0) return 0
    return load.finished.reduce((sum, item) => sum + item.durationMs, 0) / load.finished.length
  }

  /** Notes the start of a query. @returns What to call at its end. */
  begin(worker: DevnetWorker): () => void {
    const load = this.#load(worker)
    const startMs = this.#now()
    load.running++
    return () => {
      load.running--
      load.finished.push({ atMs: this.#now(), durationMs: this.#now() - startMs })
      if (load.finished.length > 1000) load.finished.shift()
    }
  }

  /** Answer to getWorkerTypes: disabled workers count, and the sentinel makes max useless. */
  typesV1(): TlObject {
    const types = [...this.#market].map(([name, workers]) => {
      const sorted = [...workers.map((worker) => worker.coefficient), SENTINEL].toSorted((a, b) => a - b)
      return {
        name,
        activeWorkers: workers.length,
        coefficientMin: sorted[0] ?? SENTINEL,
        coefficientBucket50: sorted[Math.floor(sorted.length / 2)] ?? SENTINEL,
        coefficientMax: sorted.at(-1) ?? SENTINEL
      }
    })
    return { type: 'client.workerTypes', types }
  }

  /** Answer to getWorkerTypesV2: enabled workers by coefficient. */
  typesV2(): TlObject {
    const types = [...this.#market].map(([name, workers]) => ({
      name,
      workers: workers
        .map((worker) => this.#offer(worker))
        .filter((offer) => offer.enabled)
        .toSorted((a, b) => a.coefficient - b.coefficient)
        .map(({ coefficient, activeRequests, maxActiveRequests }) => ({
          coefficient,
          activeRequests,
          maxActiveRequests
        }))
    }))
    return { type: 'client.workerTypesV2', types }
  }
}
