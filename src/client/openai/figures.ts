/**
 * What a call used and cost, as far as it is known.
 *
 * @module
 */
import type { InferenceFinal, TokensUsed } from '../../runtime/ports/inference.js'

/** Figures of one finished call. All of them are statements of the peer; payments/channel checks what is signed. */
export interface CallFigures {
  /** Whether the answer's final message came. */
  readonly complete: boolean
  /** Adjusted tokens by class; `undefined` when the peer sent no figures. */
  readonly tokensUsed: TokensUsed | undefined
  /** Nanotons; `undefined` when neither the price per token nor a claim of the peer is known. See `costSource`. */
  readonly costNano: bigint | undefined
  /**
   * `price`: adjusted tokens × the price per token of the network description, which is what is charged.
   * `peer-claim`: `usage.total_cost` of the answer, which only the peer says.
   */
  readonly costSource: 'price' | 'peer-claim' | undefined
  readonly workerDebug: string | undefined
  readonly proxyDebug: string | undefined
  /** Unix seconds by the peers' clocks; may be NaN or 0. */
  readonly times: InferenceFinal['times']
}

/** Combines the final message, the price and the peer's claim (pricing.md §3). */
export function computeFigures(
  final: InferenceFinal,
  pricePerTokenNano: bigint | undefined,
  claimNano: bigint | undefined
): CallFigures {
  const { tokensUsed, complete, workerDebug, proxyDebug, times } = final
  const priced =
    pricePerTokenNano === undefined || tokensUsed === undefined ? undefined : tokensUsed.total * pricePerTokenNano
  return {
    complete,
    tokensUsed,
    costNano: priced ?? claimNano,
    costSource: priced !== undefined ? 'price' : claimNano !== undefined ? 'peer-claim' : undefined,
    workerDebug,
    proxyDebug,
    times
  }
}

/** `usage.total_cost` of an answer or chunk, when it is a whole, safe, non-negative number. */
export function claimedCostNano(value: object): bigint | undefined {
  const usage = (value as { usage?: unknown }).usage
  if (typeof usage !== 'object' || usage === null) return undefined
  const cost = (usage as { total_cost?: unknown }).total_cost
  return typeof cost === 'number' && Number.isSafeInteger(cost) && cost >= 0 ? BigInt(cost) : undefined
}
