/**
 * Types of a receipt: what one request cost, said by the proxy and computed again by us. Receipts are made by
 * payments/channel and only passed on by everybody else.
 *
 * @module
 */
import type { RawTokenCounts, TokenPrices, TokensUsed } from './prices.js'

/** What a receipt is made from. */
export interface ReceiptInput {
  /** Hex. */
  readonly requestId: string
  readonly model: string
  /** `host:port` of the proxy. */
  readonly peer: string
  /** Raw address of the client contract; `null` when it is not known. */
  readonly contract: string | null
  /** Id of the attestation report of the connection; `null` without one. */
  readonly attestationId: string | null
  readonly atMs: number
  readonly outcome: 'complete' | 'error' | 'lost'
  /** Raw counts of the answer's `usage`; `null` when it had none, and then the network charges nothing. */
  readonly usage: RawTokenCounts | null
  /** `false`: nobody read the body to its end, so that `usage` says nothing and the charge cannot be checked. */
  readonly bodyRead?: boolean | undefined
  /** Highest coefficient that the request allowed, 1/1000. */
  readonly maxCoefficient: number
  /** Coefficient of the worker, when it is known. */
  readonly coefficient?: number | undefined
  readonly prices: TokenPrices
  readonly paramsVersion: number
  /** `tokens_used` of the final message. */
  readonly reported: TokensUsed | null
  /** `request_tokens` of the payment message; `null` when none came. */
  readonly chargedTokens: bigint | null
  /** Cumulative tokens that the proxy claimed before and after. */
  readonly totalBefore: bigint | null
  readonly totalAfter: bigint | null
  /** Highest verified signed total before and after. */
  readonly signedBefore: bigint | null
  readonly signedAfter: bigint | null
}

/** One thing that is not as it should be. */
export type FindingId =
  | 'charged-above-limit' // more than the answer's usage can cost at the allowed coefficient
  | 'charged-differs' // another figure than the known coefficient gives
  | 'charged-without-usage'
  | 'charged-unlike-reported' // payment message and final message disagree
  | 'report-not-a-sum'
  | 'counter-decreased'
  | 'counter-jumped'
  | 'signed-above-total'
  | 'signed-decreased'
  | 'signature-invalid'

/** A finding with its size. */
export interface Finding {
  readonly id: FindingId
  readonly statement: string
  /** Tokens too many; 0 where no number says it. */
  readonly excessTokens: bigint
}

/** A receipt. Plain data; amounts are `bigint`. */
export interface Receipt extends ReceiptInput {
  readonly schema: 'cocoonkit.receipt.v1'
  /** Our own figure: exact with a known coefficient, else the most that it can be. `null` without usage. */
  readonly recomputed: TokensUsed | null
  /** Nanotons that the charged tokens cost; `null` when the charge is not known. */
  readonly amountNano: bigint | null
  readonly findings: readonly Finding[]
}
