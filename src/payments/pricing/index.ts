/**
 * payments/pricing: the network's arithmetic, exactly. Pure and portable; no state, no I/O.
 *
 * @module
 */
export { adjust, COEFFICIENT_UNIT, MULTIPLIER_UNIT } from './adjust.js'
export { availableTokens, reservationTokens, tokensForAmount } from './balance.js'
export type { AccountBalance, AvailableTokens } from './balance.js'
export { predictRefusal, withinCoefficient } from './refusal.js'
export type { OfferedWorker, Refusal, RefusalInput } from './refusal.js'
export {
  countableTokens,
  countTokens,
  MAINNET_SAMPLE_PRICES,
  NO_TOKENS,
  priceTokens,
  UNIT_MULTIPLIERS,
  usageCosts
} from './token-counts.js'
export type { RawTokenCounts, TokenMultipliers, TokenPrices, UsageCosts } from './token-counts.js'
