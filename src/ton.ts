/**
 * Entry `cocoonkit/ton`: the network's contracts on TON, sources of the chain, the registry, and the payment channel.
 *
 * @module
 */
export * from './payments/contracts/index.js'
export * from './payments/chain/index.js'
export * from './payments/registry/index.js'
export * from './payments/channel/index.js'
export {
  KNOWN_GPUS,
  type LoadInput,
  type LoadPlan,
  MAINNET_SAMPLE_PRICES,
  makeQuote,
  type MarketInput,
  planLoad,
  planWorker,
  type Quote,
  type QuoteInput,
  type Refusal,
  requestSize,
  type RequestSize,
  type TokenMultipliers,
  type TokenPrices,
  type WorkerPlan,
  type WorkerPlanInput
} from './payments/pricing/index.js'
