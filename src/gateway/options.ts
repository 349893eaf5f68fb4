/**
 * Options of a gateway and their defaults.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import type { Clock } from '../runtime/ports/clock.js'
import type { AttestationReport } from '../runtime/ports/verdict.js'
import { systemClock } from '../runtime/shared/index.js'
import type { FetchFunction } from '../client/openai/index.js'
import type { TokenPrices } from '../payments/pricing/index.js'
import { type GatewayBudget, type GatewayUser, memoryBudget } from './budget.js'
import type { CorsOptions } from './cors.js'
import { createEstimate } from './estimate.js'
import type { GatewayEvent, GatewayReceipt } from './events.js'
import type { GatewayMeter } from './metrics.js'
import type { GatewayRequest } from './read-body.js'

/** What a gateway serves: a `Cocoon`, or anything with its `fetch`. */
export interface GatewayClient {
  readonly fetch: FetchFunction
  /** Serves `/attestation`; without it that path is 404. */
  attestation?(options: { readonly signal?: AbortSignal | undefined }): Promise<AttestationReport>
}

/** What is known of a caller. */
export interface Caller {
  readonly method: string
  readonly url: URL
  /** Of the request. They are for deciding; none of them travels on. */
  readonly headers: Headers
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number
}

/**
 * Says whom a request is served for.
 *
 * @throws CocoonError `ERR_UNAUTHORIZED` for nobody (401, or its `httpStatus`); whatever else it throws counts as a refusal too.
 */
export type Authorize = (caller: Caller) => GatewayUser | Promise<GatewayUser>

/** Keeps a runtime alive until a promise has ended, as the execution context of Workers does. Must not throw. */
export type WaitUntil = (promise: Promise<unknown>) => void

/** Bounds. Every field: `undefined` = the default. */
export interface GatewayLimits {
  /** Longest JSON body, bytes. Default 4,194,304. */
  readonly maxBodyBytes?: number | undefined
  /** Longest form with a file, bytes. Default 26,214,400. */
  readonly maxUploadBytes?: number | undefined
  /** For the whole body to arrive, milliseconds. Default 30,000. */
  readonly bodyTimeoutMs?: number | undefined
  /** For a request, from its head to the last byte of the answer, milliseconds. Default 300,000. */
  readonly timeoutMs?: number | undefined
  /** A caller that takes no byte for so long is cut, milliseconds. Default 30,000. */
  readonly slowClientMs?: number | undefined
  /** Requests at once. Default 2,000. */
  readonly maxConcurrent?: number | undefined
  /** Requests of one user at once. Default 8. */
  readonly maxConcurrentPerUser?: number | undefined
  /**
   * Highest `max_coefficient` that a body may ask for, 1/1000; when given, also written into bodies that name none. Default
   * 4,000: a caller does not raise the price.
   */
  readonly maxCoefficient?: number | undefined
  /** Longest answer that a body may ask for, tokens; written into bodies that set no limit. Default: none. */
  readonly maxTokens?: number | undefined
  /** Models that are served, base names. Default: all of the market. */
  readonly models?: readonly string[] | undefined
}

/** Options of `createGateway`. */
export interface GatewayOptions {
  readonly cocoon: GatewayClient
  /** Required; `anyone()` says in so many words that everybody is served. */
  readonly authorize: Authorize
  /** Default: a budget in memory without caps of its own, which still keeps users to their `quotaNano`. */
  readonly budget?: GatewayBudget | undefined
  /**
   * Nanotons to set aside for a request. Default: the most that it can cost by `prices`; without those the network's own
   * reservation for it (limit, bytes and coefficient) times `pricePerTokenNano`, or 0 where that is not given either.
   */
  readonly estimateNano?: ((request: GatewayRequest) => bigint) | undefined
  /** Nanotons per adjusted token, for the default estimate. An answer can cost several times this estimate. */
  readonly pricePerTokenNano?: bigint | undefined
  /**
   * Prices of the root contract (`tokenPrices(snapshot)` of `cocoonkit/ton`), for an estimate that is never too low: a token
   * for every byte, all tokens of an answer in the dearest class, at the highest coefficient. Caps are kept only with it, and
   * bodies that set no limit are then refused unless `limits.maxTokens` sets one.
   */
  readonly prices?: TokenPrices | undefined
  readonly limits?: GatewayLimits | undefined
  /** Default: no page of another origin may call. */
  readonly cors?: CorsOptions | undefined
  /** What stands before `/v1`, e.g. `/api/cocoon`. Default: nothing. */
  readonly basePath?: string | undefined
  /** Host names (without port) that the gateway answers to; others get 421. Default: any. Set it on loopback, where pages can reach by DNS tricks. */
  readonly hosts?: readonly string[] | undefined
  /** Who may read `/metrics`: everybody (`true`) or who the function lets. Default `false`. */
  readonly metrics?: boolean | ((caller: Caller) => boolean) | undefined
  /** Gets the figures too, in OpenTelemetry's shape. */
  readonly meter?: GatewayMeter | undefined
  /** Watches. Never sees bodies, headers or tokens; what it throws is ignored. */
  readonly onEvent?: ((event: GatewayEvent) => void) | undefined
  /** Gets one receipt per request that was accepted; may store it. Failures are events and change nothing. */
  readonly onReceipt?: ((receipt: GatewayReceipt) => void | Promise<void>) | undefined
  /**
   * Where a runtime ends with the answer (Workers): budgets are settled and receipts written after the last byte, also when
   * the caller left. Default: `waitUntil` of the execution context that the handler is called with, where there is one.
   */
  readonly waitUntil?: WaitUntil | undefined
  readonly clock?: Clock | undefined
}

/** Options with every default filled in. */
export interface ResolvedOptions extends Pick<
  GatewayOptions,
  'cocoon' | 'authorize' | 'cors' | 'hosts' | 'meter' | 'onEvent' | 'onReceipt' | 'waitUntil'
> {
  readonly basePath: string
  readonly metrics: boolean | ((caller: Caller) => boolean)
  readonly clock: Clock
  readonly budget: GatewayBudget
  readonly estimateNano: (request: GatewayRequest) => bigint
  readonly limits: { readonly [Name in Exclude<keyof GatewayLimits, 'models' | 'maxTokens'>]-?: number } & {
    readonly models: readonly string[] | undefined
    readonly maxTokens: number | undefined
  }
  /** Fields that are written into bodies which lack them. */
  readonly added: Readonly<Record<string, number>>
}

/** @throws CocoonError `ERR_OPTIONS`. */
export function resolveOptions(options: GatewayOptions): ResolvedOptions {
  const { cocoon, authorize, limits = {}, basePath = '' } = options
  if (typeof cocoon?.fetch !== 'function') throw optionError('cocoon', 'must have a fetch')
  if (typeof authorize !== 'function') throw optionError('authorize', 'must be a function; anyone() serves everybody')
  if (basePath !== '' && !/^(?:\/[\w.~-]+)+$/.test(basePath))
    throw optionError('basePath', "must look like '/api/cocoon'")
  const { prices, pricePerTokenNano: price = 0n } = options
  if (
    options.budget?.needsEstimate === true &&
    options.estimateNano === undefined &&
    (prices?.pricePerTokenNano ?? price) <= 0n
  )
    throw optionError('prices', 'or estimateNano is needed: the caps of this budget hold by estimates')
  const bounds = {
    maxBodyBytes: positive('maxBodyBytes', limits.maxBodyBytes, 4_194_304),
    maxUploadBytes: positive('maxUploadBytes', limits.maxUploadBytes, 26_214_400),
    bodyTimeoutMs: positive('bodyTimeoutMs', limits.bodyTimeoutMs, 30_000),
    timeoutMs: positive('timeoutMs', limits.timeoutMs, 300_000),
    slowClientMs: positive('slowClientMs', limits.slowClientMs, 30_000),
    maxConcurrent: positive('maxConcurrent', limits.maxConcurrent, 2000),
    maxConcurrentPerUser: positive('maxConcurrentPerUser', limits.maxConcurrentPerUser, 8),
    maxCoefficient: positive('maxCoefficient', limits.maxCoefficient, 4000),
    maxTokens: limits.maxTokens === undefined ? undefined : positive('maxTokens', limits.maxTokens, 1),
    models: limits.models
  }
  const estimate = createEstimate({ prices, pricePerTokenNano: price, limits: bounds })
  return {
    cocoon,
    authorize,
    basePath,
    limits: bounds,
    cors: options.cors,
    hosts: options.hosts,
    metrics: options.metrics ?? false,
    meter: options.meter,
    onEvent: options.onEvent,
    onReceipt: options.onReceipt,
    waitUntil: options.waitUntil,
    clock: options.clock ?? systemClock,
    added: {
      ...(limits.maxTokens !== undefined && { max_tokens: limits.maxTokens }),
      ...(limits.maxCoefficient !== undefined && { max_coefficient: limits.maxCoefficient })
    },
    budget: options.budget ?? memoryBudget(),
    estimateNano: options.estimateNano ?? estimate
  }
}

function positive(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value > 0) return value
  throw optionError(`limits.${name}`, 'must be a positive number')
}

function optionError(field: string, message: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `gateway option ${field} ${message}`, { phase: 'options', field })
}
