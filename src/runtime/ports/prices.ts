/**
 * Types of token counts and prices. The arithmetic belongs to payments/pricing.
 *
 * @module
 */

/** Adjusted tokens by class, as the proxy reports and charges them. All `bigint`, never clamped. */
export interface TokensUsed {
  readonly prompt: bigint
  readonly cached: bigint
  readonly completion: bigint
  readonly reasoning: bigint
  readonly total: bigint
}

/** Raw tokens as the inference server reported them; each is the maximum seen so far, never a sum. */
export interface RawTokenCounts {
  readonly prompt: bigint
  readonly cached: bigint
  readonly completion: bigint
  readonly reasoning: bigint
}

/** Multipliers of the four token classes, 1/10000. */
export interface TokenMultipliers {
  readonly prompt: number
  readonly cached: number
  readonly completion: number
  readonly reasoning: number
}

/** What the network's root contract says about prices. */
export interface TokenPrices {
  /** Nanotons per adjusted token that the client pays. */
  readonly pricePerTokenNano: bigint
  /** Nanotons per adjusted token that the worker earns. */
  readonly workerFeePerTokenNano: bigint
  readonly multipliers: TokenMultipliers
}
