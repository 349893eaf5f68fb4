/**
 * The server side of the gateway: a `(Request) => Promise<Response>` handler with authorisation, limits and budgets. It
 * needs no framework, and cannot read what callers encrypted.
 *
 * @module
 */
export { anyone } from './authorize/anyone.js'
export { type BearerToken, bearerTokens, type BearerTokensOptions } from './authorize/bearer-tokens.js'
export type { InitDataOptions, TelegramUser } from './authorize/init-data.js'
export {
  memoryReplayGuard,
  type MemoryReplayGuardOptions,
  type ReplayGuard,
  type SignIn
} from './authorize/replay-guard.js'
export { telegramInitData, type TelegramInitDataOptions } from './authorize/telegram-init-data.js'
export {
  TELEGRAM_PUBLIC_KEYS,
  telegramInitDataThirdParty,
  type TelegramThirdPartyOptions
} from './authorize/telegram-third-party.js'
export {
  type GatewayBudget,
  type GatewayReservation,
  type GatewayUser,
  memoryBudget,
  type MemoryBudget,
  type MemoryBudgetOptions
} from './budget.js'
export type { CorsOptions } from './cors.js'
export { createGateway, type Gateway } from './create-gateway.js'
export type { GatewayEvent, GatewayReceipt } from './events.js'
export { type LedgerBudget, ledgerBudget, type LedgerBudgetOptions } from './ledger-budget.js'
export type { GatewayMeter } from './metrics.js'
export type { Authorize, Caller, GatewayClient, GatewayLimits, GatewayOptions, WaitUntil } from './options.js'
export type { GatewayRequest } from './read-body.js'
