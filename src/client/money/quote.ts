/**
 * Quotes and plans of a client: prices from the root state, coefficients from the market, balances from the chain where one
 * is known. The arithmetic is payments/pricing's.
 *
 * @module
 */
import { encodeUtf8, formatRawAddress } from '../../encoding/index.js'
import { encodeTl } from '../../encoding/tl/index.js'
import { CocoonError } from '../../errors.js'
import { parseClientState } from '../../payments/contracts/index.js'
import {
  availableTokens,
  makeQuote,
  planLoad,
  predictRefusal,
  requestSize,
  type AccountBalance,
  type LoadInput,
  type LoadPlan,
  type Quote,
  type Refusal,
  type TokenPrices
} from '../../payments/pricing/index.js'
import { tokenPrices, type Registry } from '../../payments/registry/index.js'
import type { CallBudget, InferencePeer, WorkerType } from '../../runtime/ports/inference.js'
import type { OpenConnection } from '../network/index.js'
import type { ReceiptBook } from './receipt-book.js'
import type { RegistrySource } from './registry-pools.js'

/** Options of a quote. */
export interface QuoteOptions {
  /** Prices, for networks without a root contract. */
  readonly prices?: TokenPrices | undefined
  /** The account at the proxy, when the chain is not asked. */
  readonly account?: AccountBalance | undefined
  /** Completion tokens to expect. Default: a half of `max_tokens`, or 500. */
  readonly expectedCompletionTokens?: number | undefined
  /** Highest coefficient allowed, 1/1000. Default: the body's, then the client's. */
  readonly maxCoefficient?: number | undefined
}

/** A quote of a client. */
export interface RequestQuote extends Quote {
  readonly model: string
  /** The proxy whose market was asked. */
  readonly peer: InferencePeer
  /** What the proxy would refuse the request with now; absent when nothing speaks against it. */
  readonly refusal?: Refusal
  /** Adjusted tokens that the account may still use; absent when its balance is not known. */
  readonly availableTokens?: bigint
}

/** What quotes and plans look at. */
export interface QuoteSources {
  readonly registry: Registry | undefined
  readonly source: RegistrySource | undefined
  readonly book: ReceiptBook | undefined
  readonly prices: TokenPrices | undefined
  readonly connections: readonly OpenConnection[]
  readonly market: { readonly peer: InferencePeer; readonly types: readonly WorkerType[] }
  readonly knownProxies: number
  readonly defaults: { readonly maxCoefficient: number; readonly reservedTokens: number }
}

/** An account that may use anything: for predictions that concern the market only. */
const RICH: AccountBalance = {
  balanceNano: 1n << 100n,
  stakeNano: 1n << 100n,
  chainTokensUsed: 0n,
  tokensUsed: 0n,
  tokensReserved: 0n
}

/** Longest base name of a model; what follows `@` is no part of it. */
function baseName(model: unknown): string {
  if (typeof model !== 'string') {
    throw new CocoonError('ERR_REQUEST_FIELD', 'model must be a text', { phase: 'request', field: 'model' })
  }
  return model.split('@', 1)[0] ?? model
}

async function pricesOf(sources: QuoteSources, given: TokenPrices | undefined): Promise<TokenPrices> {
  const prices = given ?? sources.prices
  if (prices !== undefined) return prices
  if (sources.registry !== undefined) return tokenPrices(await sources.registry.get())
  throw new CocoonError('ERR_OPTIONS', 'the prices of this network are not known', {
    phase: 'options',
    field: 'prices',
    remedy: 'use a network with a root contract, or pass prices'
  })
}

/** The account as its contract and the proxy's last word have it; `undefined` without a chain or a deployed contract. */
async function accountAt(sources: QuoteSources, budget: CallBudget): Promise<AccountBalance | undefined> {
  const reader = sources.source?.reader
  const { address } = sources.market.peer
  const connection = sources.connections.find(({ peer }) => peer.address === address)
  if (reader === undefined || connection === undefined) return undefined
  const contract = formatRawAddress(connection.session.clientContractAddress)
  const { data } = await reader.getAccount(contract, { signal: budget.signal })
  if (data === null) return undefined
  const state = parseClientState(data)
  const claimed = sources.book?.totalTokensAt(address) ?? null
  return {
    balanceNano: state.balanceNano,
    stakeNano: state.stakeNano,
    chainTokensUsed: state.tokensUsed,
    tokensUsed: claimed !== null && claimed > state.tokensUsed ? claimed : state.tokensUsed,
    tokensReserved: 0n
  }
}

/** Bytes of TL `query` for this body: exact for a request that leaves as it is given. */
function queryBytes(body: Record<string, unknown>, path: string): number {
  const { max_coefficient: _coefficient, timeout: _timeout, enable_debug: _debug, ...sent } = body
  const headers = [
    { name: 'Host', value: 'localhost' },
    { name: 'Content-Type', value: 'application/json' }
  ]
  const payload = encodeUtf8(JSON.stringify(sent))
  return encodeTl({ type: 'http.request', method: 'POST', url: path, httpVersion: 'HTTP/1.1', headers, payload }).length
}

function numberOf(value: unknown, fallback: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : fallback
}

/** Quotes one request. @throws CocoonError `ERR_OPTIONS` | `ERR_REQUEST_FIELD` | `ERR_CHAIN_*` | `ERR_REGISTRY_*`. */
export async function quoteRequest(
  request: unknown,
  options: QuoteOptions,
  sources: QuoteSources,
  budget: CallBudget
): Promise<RequestQuote> {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new CocoonError('ERR_REQUEST_INVALID', 'the request body must be an object', { phase: 'request' })
  }
  const body = request as Record<string, unknown>
  const model = baseName(body['model'])
  const prices = await pricesOf(sources, options.prices)
  const { market, defaults } = sources
  const type = market.types.find(({ name }) => name === model)
  const maxCoefficient = options.maxCoefficient ?? numberOf(body['max_coefficient'], defaults.maxCoefficient)
  const size = requestSize(body)
  const limit = numberOf(body['max_completion_tokens'], numberOf(body['max_tokens'], defaults.reservedTokens))
  const bytes = queryBytes(body, Array.isArray(body['messages']) ? '/v1/chat/completions' : '/v1/completions')
  const account = options.account ?? (await accountAt(sources, budget))
  const quote = makeQuote({
    size,
    prices,
    maxCoefficient,
    liveCoefficients: (type?.workers ?? []).map(({ coefficient }) => coefficient),
    reservedTokens: limit,
    queryBytes: bytes,
    expectedCompletionTokens: options.expectedCompletionTokens
  })
  const refusal = predictRefusal({
    account: account ?? RICH,
    pricePerTokenNano: prices.pricePerTokenNano,
    maxTokens: limit,
    queryBytes: bytes,
    maxCoefficient,
    model,
    workers: type?.workers.map((worker) => ({ ...worker, enabled: true }))
  })
  return {
    ...quote,
    model,
    peer: market.peer,
    ...(refusal !== undefined && { refusal }),
    ...(account !== undefined && { availableTokens: availableTokens(account, prices.pricePerTokenNano).available }),
    assumptions: [
      ...quote.assumptions,
      account === undefined
        ? 'the balance of the account is not known: refusals for lack of it are not predicted'
        : 'the balance is that of the contract; reservations of other running requests are not known'
    ]
  }
}

/** Plans a load with the market of the connected proxy. @throws as {@link quoteRequest}. */
export async function planRequests(
  load: LoadInput,
  options: Pick<QuoteOptions, 'prices'>,
  sources: QuoteSources
): Promise<LoadPlan> {
  const model = baseName(load.model)
  const prices = await pricesOf(sources, options.prices)
  const workers = sources.market.types.find(({ name }) => name === model)?.workers ?? []
  return planLoad(
    { maxCoefficient: sources.defaults.maxCoefficient, ...load, model },
    { prices, workers, knownProxies: sources.knownProxies }
  )
}
