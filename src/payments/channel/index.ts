/**
 * The payment channel: the only room that may spend. Ledger, plans, signers, receipts.
 *
 * @module
 */
export { type JournalEntry, Ledger, type LedgerOptions, openLedger, type Reservation } from './ledger.js'
export type { ChargeRecord, IntentRecord, LedgerRecord, OutcomeRecord, ReceiptRecord } from './ledger-records.js'
export { memoryLedgerStore } from './memory-ledger-store.js'
export type { LimitName, SpendingLimits, SpendingTotals } from './spending.js'
