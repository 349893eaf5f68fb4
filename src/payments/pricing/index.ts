/**
 * payments/pricing: the network's arithmetic, exactly. Pure and portable; no state, no I/O.
 *
 * @module
 */
export { adjust } from './adjust.js'
export { availableTokens, reservationTokens, tokensForAmount } from './balance.js'
export type { AccountBalance } from './balance.js'
export {
  type LoadInput,
  KNOWN_GPUS,
  type LoadPlan,
  type MarketInput,
  planLoad,
  planWorker,
  type WorkerPlan,
  type WorkerPlanInput
} from './capacity.js'
export { makeQuote, type Quote, type QuoteInput } from './quote.js'
export { requestSize, type RequestSize, TOKENS_PER_MESSAGE, TOKENS_PER_TEMPLATE } from './request-size.js'
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
export type { RawTokenCounts, TokenMultipliers, TokenPrices } from './token-counts.js'
