/**
 * The refusals that a proxy makes before it dispatches a request, as typed data in the proxy's order, with the proxy's
 * own codes and texts. The devnet answers with them; quotes predict them.
 *
 * Source: pricing.md §5 (runners/proxy/ProxyRunner.cpp:1356-1448 @b75d444), codes: session.md head.
 *
 * @module
 */
import type { AvailableTokens } from './balance.js'
import { availableTokens, reservationTokens, type AccountBalance } from './balance.js'

/** A worker as the choice sees it. */
export interface OfferedWorker {
  /** 1/1000. */
  readonly coefficient: number
  readonly enabled: boolean
  readonly activeRequests: number
  /** This proxy's share of the worker's slots. */
  readonly maxActiveRequests: number
}

/** Everything a proxy looks at before dispatch. */
export interface RefusalInput {
  readonly account: AccountBalance
  readonly pricePerTokenNano: bigint
  /** State of the client contract; 0 is open. Default 0. */
  readonly clientState?: number
  /** Whether the proxy takes requests. Default `true`. */
  readonly proxyEnabled?: boolean
  /** Root version that the proxy has active; `undefined` skips the check. */
  readonly activeConfigVersion?: number
  readonly minConfigVersion?: number
  readonly maxTokens: number
  readonly queryBytes: number
  readonly maxCoefficient: number
  readonly model: string
  /** Workers of the model; `undefined` when the proxy has never seen it. */
  readonly workers: readonly OfferedWorker[] | undefined
}

/** One refusal. `kind` is ours; `code` and `text` are what the proxy sends. */
export type Refusal =
  | { readonly kind: 'balance-below-max-tokens'; readonly code: 602; readonly text: string; readonly missing: bigint }
  | { readonly kind: 'config-version-too-low'; readonly code: 602; readonly text: string }
  | { readonly kind: 'client-closing'; readonly code: 651; readonly text: string }
  | { readonly kind: 'proxy-disabled'; readonly code: 651; readonly text: string }
  | { readonly kind: 'balance-below-reservation'; readonly code: 651; readonly text: string; readonly missing: bigint }
  | { readonly kind: 'unknown-model'; readonly code: 621; readonly text: string }
  | { readonly kind: 'no-workers'; readonly code: 651; readonly text: string }
  | { readonly kind: 'no-ready-workers'; readonly code: 651; readonly text: string }
  | {
      readonly kind: 'coefficient-too-low'
      readonly code: 651
      readonly text: string
      /** Lowest coefficient among the free workers, 1/1000: what would have been enough. */
      readonly lowestCoefficient: number
    }

/** Whether a worker can take one more request of this proxy. */
function isFree(worker: OfferedWorker): boolean {
  return worker.enabled && worker.activeRequests < worker.maxActiveRequests
}

/** Whether a worker's price is within the limit. The reference compares as u32, so −1 means any. */
export function withinCoefficient(coefficient: number, maxCoefficient: number): boolean {
  return coefficient >>> 0 <= maxCoefficient >>> 0
}

function balanceText(lead: string, input: RefusalInput, tokens: AvailableTokens): string {
  return (
    `client balance is too low: ${lead} tokens_payed=${tokens.tokensPayed} tokens_used=${input.account.tokensUsed}` +
    ` tokens_reserved=${input.account.tokensReserved} tokens_stake=${tokens.tokensStake}`
  )
}

/** Refusals that concern the account and the proxy, before the worker is looked for. */
function accountRefusal(input: RefusalInput, tokens: AvailableTokens): Refusal | undefined {
  const maxTokens = BigInt(input.maxTokens)
  if (tokens.available < maxTokens) {
    return {
      kind: 'balance-below-max-tokens',
      code: 602,
      text: balanceText(`max_tokens=${maxTokens}`, input, tokens),
      missing: maxTokens - tokens.available
    }
  }
  const active = input.activeConfigVersion
  if (active !== undefined && (input.minConfigVersion ?? 0) >>> 0 > active >>> 0) {
    return { kind: 'config-version-too-low', code: 602, text: 'active config version is too low' }
  }
  if ((input.clientState ?? 0) !== 0) return { kind: 'client-closing', code: 651, text: 'client is closing' }
  return undefined
}

/** Refusals of the search for a worker. */
function workerRefusal(input: RefusalInput, tokens: AvailableTokens): Refusal | undefined {
  if (input.proxyEnabled === false) return { kind: 'proxy-disabled', code: 651, text: 'proxy is disabled' }
  const reservation = reservationTokens(input.maxTokens, input.queryBytes, input.maxCoefficient)
  if (reservation > tokens.available) {
    return {
      kind: 'balance-below-reservation',
      code: 651,
      text: 'balance is too low',
      missing: reservation - tokens.available
    }
  }
  if (input.workers === undefined) return { kind: 'unknown-model', code: 621, text: `unknown model ${input.model}` }
  if (input.workers.length === 0) {
    return { kind: 'no-workers', code: 651, text: `no workers for model ${input.model}` }
  }
  const free = input.workers.filter(isFree)
  // The missing space is the reference's.
  if (free.length === 0)
    return { kind: 'no-ready-workers', code: 651, text: `no ready workers for model${input.model}` }
  if (free.some((worker) => withinCoefficient(worker.coefficient, input.maxCoefficient))) return undefined
  const lowestCoefficient = Math.min(...free.map((worker) => worker.coefficient))
  return {
    kind: 'coefficient-too-low',
    code: 651,
    text: `can run this query with coefficient=${lowestCoefficient}`,
    lowestCoefficient
  }
}

/**
 * What a proxy with this state would refuse the request with, or `undefined` when it would dispatch it.
 *
 * A prediction from the client's side is only as good as its input: the proxy's counters move with every request.
 */
export function predictRefusal(input: RefusalInput): Refusal | undefined {
  const tokens = availableTokens(input.account, input.pricePerTokenNano)
  return accountRefusal(input, tokens) ?? workerRefusal(input, tokens)
}
