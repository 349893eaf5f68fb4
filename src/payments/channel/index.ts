/**
 * The payment channel: the only room that may spend. Ledger, plans, signers, receipts.
 *
 * @module
 */
export {
  type Account,
  assertStrongSecret,
  createAccount,
  EMPTY_SECRET_HASH,
  exportAccount,
  importAccount,
  secretHash
} from './account.js'
export {
  type AutoPilotCap,
  type AutoPilotChannelStep,
  type AutoPilotEvent,
  type AutoPilotLimits,
  type AutoPilotOptions,
  type AutoPilotReason,
  type AutoPilotRiskId,
  type AutoPilotStep,
  type AutoPilotStop,
  type ChannelAutoPilot,
  type ChargeRule,
  type CloseOutdatedRule,
  createChannelAutoPilot,
  type TopUpRule
} from './auto-pilot/index.js'
export {
  Channel,
  type ChannelEnvironment,
  type ChannelParties,
  type Confirmation,
  type MessageOutcome,
  type SentMessage
} from './channel.js'
export { type DelegatedChannel, type DelegatedChannelOptions, prepareDelegatedChannel } from './delegated.js'
export { attachChannel, findChannel, hasPublicSecret } from './find-channel.js'
export { type JournalEntry, Ledger, type LedgerOptions, openLedger, type Reservation } from './ledger.js'
export type { ChargeRecord, IntentRecord, LedgerRecord, OutcomeRecord, ReceiptRecord } from './ledger-records.js'
export {
  createLongAuthorizer,
  type LongAuthorizationRequest,
  type LongAuthorizerOptions
} from './long-authorization.js'
export { memoryLedgerStore } from './memory-ledger-store.js'
export { type ChannelMigration, type LeavingPlans, type MigrationRequest, planMigration } from './migration.js'
export {
  costsCoins,
  OverchargeDetected,
  type OverchargePolicy,
  PaymentWatch,
  type PaymentWatchOptions,
  type RequestDetails
} from './payment-watch.js'
export type { ChannelAction, ChannelActionKind, ChannelPlan } from './plan.js'
export {
  auditReceipt,
  decodeReceipt,
  encodeReceipt,
  type Finding,
  type FindingId,
  makeReceipt,
  type Receipt,
  type ReceiptInput
} from './receipts.js'
export type { Risk, RiskId } from './risks.js'
export {
  ed25519Sign,
  senderSigner,
  type Signer,
  type SignerSendOptions,
  type TonConnectLike,
  type TonConnectRequest,
  tonConnectRequest,
  tonConnectSigner,
  type TonConnectSignerOptions,
  walletSigner,
  type WalletSignerOptions
} from './signer.js'
export type { LimitName, SpendingLimits, SpendingTotals } from './spending.js'
export { sendTransfer, trackTransfers, type Transfer } from './transfer.js'
export type { ChannelIdentity, ChannelPhase, ChannelView } from './view.js'
