/**
 * `cocoonkit/gateway`: one account for many users, over plain HTTPS; for any server that speaks `Request` and `Response`.
 *
 * @module
 */
export {
  anyone,
  type Authorize,
  type BearerToken,
  bearerTokens,
  type BearerTokensOptions,
  type Caller,
  type CorsOptions,
  createGateway,
  type Gateway,
  type GatewayBudget,
  type GatewayClient,
  type GatewayEvent,
  type GatewayLimits,
  type GatewayMeter,
  type GatewayOptions,
  type GatewayReceipt,
  type GatewayRequest,
  type GatewayReservation,
  type GatewayUser,
  type InitDataOptions,
  type LedgerBudget,
  ledgerBudget,
  type LedgerBudgetOptions,
  memoryBudget,
  type MemoryBudget,
  type MemoryBudgetOptions,
  memoryReplayGuard,
  type MemoryReplayGuardOptions,
  type ReplayGuard,
  type SignIn,
  TELEGRAM_PUBLIC_KEYS,
  telegramInitData,
  type TelegramInitDataOptions,
  telegramInitDataThirdParty,
  type TelegramThirdPartyOptions,
  type TelegramUser,
  type WaitUntil
} from './gateway/index.js'
