/**
 * What a client does beside requests that concerns money and the root contract: registry, receipts, charges, quotes. Loaded
 * by the first such call; a page that only chats never needs it.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import type { Receipt } from '../payments/channel/index.js'
import type { LoadInput, LoadPlan, TokenPrices } from '../payments/pricing/index.js'
import type { Registry } from '../payments/registry/index.js'
import type { Clock } from '../runtime/ports/clock.js'
import type { CallBudget } from '../runtime/ports/inference.js'
import type { DirectCarrier } from './money/direct-carrier.js'
import type { LazyMoneyCarrier } from './money/lazy-carrier.js'
import type { MoneyCarrier } from './money/money-carrier.js'
import type { QuoteOptions, QuoteSources, RequestQuote } from './money/quote.js'
import type { RegistrySource } from './money/registry-pools.js'
import type { Carrier } from './network/index.js'

/** The parts of a client that its accounts look at. */
export interface AccountsOptions {
  readonly carrier: Carrier
  /** Absent with a gateway. */
  readonly pool: DirectCarrier | undefined
  /** Set when the client knows a root contract or watches payments; then also the pool. */
  readonly money: LazyMoneyCarrier | undefined
  readonly root: RegistrySource | undefined
  readonly clock: Clock
  readonly hasPayments: boolean
  readonly prices: TokenPrices | undefined
  readonly defaults: QuoteSources['defaults']
}

type ReceiptBook = NonNullable<MoneyCarrier['book']>

/** One per client. */
export class Accounts {
  readonly #parts: AccountsOptions
  /** The registry of a client that goes through a gateway. */
  #registry: Promise<Registry> | undefined

  constructor(parts: AccountsOptions) {
    this.#parts = parts
  }

  /** @throws CocoonError `ERR_OPTIONS` without a root contract. */
  async registry(): Promise<Registry> {
    const { money, root, clock } = this.#parts
    const own = (await money?.load())?.registry
    if (own !== undefined) return own
    if (root === undefined) {
      throw new CocoonError('ERR_OPTIONS', 'this network has no root contract', { phase: 'options', field: 'network' })
    }
    this.#registry ??= import('./money/registry-pools.js').then(
      ({ openClientRegistry }) => openClientRegistry(root, clock),
      (cause: unknown) => {
        // A part that could not be fetched is tried again by the next call.
        this.#registry = undefined
        throw CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'registry', retryable: true })
      }
    )
    return this.#registry
  }

  /** @throws CocoonError `ERR_OPTIONS` without the option `payments` or for an unknown id; `ERR_LEDGER`. */
  async receipt(requestId: string): Promise<Receipt> {
    return (await this.#book()).of(requestId)
  }

  /** The newest, oldest first; waits for those that are being written. */
  async receipts(): Promise<readonly Receipt[]> {
    const book = await this.#book()
    await book.flush()
    return book.recent()
  }

  /** Asks every connected proxy for its newest signed charge. @throws CocoonError `ERR_OPTIONS` with a gateway. */
  async refreshPayments(budget: CallBudget): Promise<void> {
    const { pool, hasPayments } = this.#parts
    if (pool === undefined) throw new CocoonError('ERR_OPTIONS', 'a gateway pays by itself', { phase: 'options' })
    if (pool.connections.length === 0) await pool.connect(budget)
    for (const { session } of pool.connections) await session.updatePaymentStatus(budget)
    if (hasPayments) await (await this.#book()).flush()
  }

  /** What one request will cost. */
  async quote(body: object, options: QuoteOptions, budget: CallBudget): Promise<RequestQuote> {
    const { quoteRequest } = await import('./money/quote.js')
    return quoteRequest(body, options, await this.#quoteSources(budget), budget)
  }

  /** What a load costs a day. */
  async plan(load: LoadInput, options: Pick<QuoteOptions, 'prices'>, budget: CallBudget): Promise<LoadPlan> {
    const { planRequests } = await import('./money/quote.js')
    return planRequests(load, options, await this.#quoteSources(budget))
  }

  async #book(): Promise<ReceiptBook> {
    const book = (await this.#parts.money?.load())?.book
    if (book !== undefined) return book
    throw new CocoonError('ERR_OPTIONS', 'receipts need the option payments', { phase: 'options', field: 'payments' })
  }

  async #quoteSources(budget: CallBudget): Promise<QuoteSources> {
    const { carrier, pool, money, root, prices, defaults } = this.#parts
    const book = (await money?.load())?.book
    const market = await carrier.listWorkerTypes(budget)
    return {
      registry: root === undefined ? undefined : await this.registry(),
      source: root,
      book,
      prices,
      connections: pool?.connections ?? [],
      market,
      knownProxies: pool?.candidates.length ?? 1,
      defaults
    }
  }
}
