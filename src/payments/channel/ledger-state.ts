/**
 * What follows from the records of a ledger, and the shorter list of records from which the same follows. Pure.
 *
 * @module
 */
import {
  decodeRecord,
  encodeRecord,
  type ChargeRecord,
  type IntentRecord,
  type LedgerRecord,
  type OutcomeRecord,
  type ReceiptRecord
} from './ledger-records.js'
import { Spending } from './spending.js'

/** A chain message with what became of it so far. */
export interface JournalEntry {
  readonly intent: IntentRecord
  readonly outcome: OutcomeRecord | null
}

/** Receipts that stay in the log, and so in memory, when it is compacted. */
const RECENT_RECEIPTS = 1000

/** A log that says the same in fewer records. */
export interface CompactedLog {
  readonly records: readonly Uint8Array[]
  /** Receipts that leave the log for the archive, oldest first. */
  readonly archived: readonly Uint8Array[]
}

/** State that follows from the records. */
export class LedgerState {
  readonly spending: Spending = new Spending()
  readonly journal: Map<string, { intent: IntentRecord; outcome: OutcomeRecord | null }> = new Map()
  readonly charges: Map<string, ChargeRecord> = new Map()
  readonly receipts: ReceiptRecord[] = []
  /** Records of kinds that this version does not know: kept as they are, for those that do. */
  readonly #unknown: Uint8Array[] = []

  /** Applies a stored record. @throws CocoonError `ERR_LEDGER` for one that does not parse. */
  applyStored(bytes: Uint8Array): void {
    const record = decodeRecord(bytes)
    if (record === null) this.#unknown.push(bytes)
    else this.apply(record)
  }

  apply(record: LedgerRecord): void {
    switch (record.type) {
      case 'reserve':
        return this.spending.applyReserve(record)
      case 'settle':
        return this.spending.applySettle(record)
      case 'spent':
        return this.spending.applySpent(record)
      case 'time':
        return void this.spending.advance(record.atMs)
      case 'intent':
        this.journal.set(record.id, { intent: record, outcome: null })
        return
      case 'outcome': {
        const entry = this.journal.get(record.id)
        if (entry !== undefined) entry.outcome = record
        return
      }
      case 'charge': {
        const best = this.charges.get(record.contract)
        if (best === undefined || record.tokens > best.tokens) this.charges.set(record.contract, record)
        return
      }
      case 'receipt':
        this.receipts.push(record)
    }
  }

  /** Upper bound of the number of records of {@link LedgerState.compact}, without making them. */
  get compactSize(): number {
    const kept = this.#unknown.length + Math.min(this.receipts.length, RECENT_RECEIPTS)
    return this.spending.summarySize + this.journal.size * 2 + this.charges.size + kept
  }

  /** The fewest records that lead to this state; all but the newest receipts go to the archive. */
  compact(): CompactedLog {
    const firstKept = Math.max(0, this.receipts.length - RECENT_RECEIPTS)
    const journal = [...this.journal.values()].flatMap(({ intent, outcome }) =>
      outcome === null ? [intent] : [intent, outcome]
    )
    const known: readonly LedgerRecord[] = [
      ...this.spending.summary(),
      ...journal,
      ...this.charges.values(),
      ...this.receipts.slice(firstKept)
    ]
    return {
      records: [...known.map(encodeRecord), ...this.#unknown],
      archived: this.receipts.slice(0, firstKept).map(encodeRecord)
    }
  }

  /** Forgets the oldest receipts, which are in the archive now. */
  dropReceipts(count: number): void {
    this.receipts.splice(0, count)
  }
}
