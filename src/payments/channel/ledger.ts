/**
 * The ledger: every coin that may move is written down before it can, and limits hold across all processes that share the
 * store. All state is derived by replaying records, so a crash at any step leads back to the same state.
 *
 * Concurrency: calls that come together are decided together under one lock and stored with one append.
 *
 * Size: where the store can, a log that is mostly history is replaced by a short one from which the same state follows;
 * older receipts move to the store's archive.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Clock } from '../../runtime/ports/clock.js'
import type { LedgerStore } from '../../runtime/ports/ledger-store.js'
import { readReceipts } from './ledger-receipts.js'
import {
  encodeRecord,
  ledgerError,
  type ChargeRecord,
  type IntentRecord,
  type LedgerRecord,
  type OutcomeRecord,
  type ReceiptRecord
} from './ledger-records.js'
import { type JournalEntry, LedgerState } from './ledger-state.js'
import { checkLimits, limitError, type Spending, type SpendingLimits, type SpendingTotals } from './spending.js'

/** A reservation to be made. */
export interface Reservation {
  /** Unique: a second reservation with the same id is refused while the first is open, and cannot be told from it afterwards. */
  readonly id: string
  readonly amountNano: bigint
  /** Whom it goes to. */
  readonly recipient: string
  /** What for; never a prompt. */
  readonly purpose: string
}

export type { JournalEntry } from './ledger-state.js'

/** Options of a ledger. */
export interface LedgerOptions {
  readonly store: LedgerStore
  readonly clock: Clock
  /** Caps that every reservation through this ledger obeys. Default: none. */
  readonly limits?: SpendingLimits | undefined
  /**
   * Records from which on a log is compacted once half of it is history. Default 16,384. More keep opening slower, fewer
   * write more; `Infinity` never compacts. Only for stores that can.
   */
  readonly compactAfterRecords?: number | undefined
}

const COMPACT_AFTER_RECORDS = 16_384

/** What one caller wants stored, decided on the state under the lock. */
type Decide = (state: LedgerState, nowMs: number) => readonly LedgerRecord[]

interface Waiting {
  readonly decide: Decide
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A ledger on a store. Safe to use in parallel, and from several processes on one store. */
export class Ledger {
  readonly #store: LedgerStore
  readonly #clock: Clock
  readonly #limits: SpendingLimits
  #compactAfter: number
  readonly #waiting: Waiting[] = []
  #state = new LedgerState()
  /** Records of the log that are in the state. */
  #applied = 0
  #generation = 0
  #draining = false
  #broken: CocoonError | null = null

  constructor(options: LedgerOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#limits = checkLimits(options.limits ?? {})
    this.#compactAfter = options.compactAfterRecords ?? COMPACT_AFTER_RECORDS
  }

  /** Whether reservations obey a cap of this ledger's own. */
  get hasLimits(): boolean {
    return Object.values(this.#limits).some((cap) => cap !== undefined)
  }

  /**
   * Reserves an amount under this ledger's limits and `extraLimits`.
   *
   * @throws CocoonError `ERR_LIMIT_EXCEEDED` naming the cap, `ERR_LEDGER` for an id that is in use or a store that fails,
   * `ERR_LEDGER_LOCKED` when the lock cannot be had.
   */
  async reserve(reservation: Reservation, extraLimits: SpendingLimits = {}): Promise<void> {
    const { id, amountNano, recipient, purpose } = reservation
    checkLimits(extraLimits)
    if (typeof amountNano !== 'bigint' || amountNano < 0n)
      throw new CocoonError('ERR_OPTIONS', 'amountNano must be a bigint ≥ 0', { phase: 'options', field: 'amountNano' })
    await this.#run((state, atMs) => {
      if (state.spending.isOpen(id)) throw ledgerError(`reservation ${id} exists already`)
      for (const limits of [this.#limits, extraLimits]) {
        const broken = state.spending.brokenBy(limits, amountNano, recipient, atMs)
        if (broken !== null) throw limitError(broken, amountNano)
      }
      return [{ type: 'reserve', id, atMs, amountNano, recipient, purpose }]
    })
  }

  /**
   * Ends a reservation with what was spent; more than reserved is recorded as it is. Settling twice is an error, so that a
   * spend is never counted away.
   *
   * @throws CocoonError `ERR_LEDGER` for an unknown or settled id.
   */
  async settle(id: string, spentNano: bigint): Promise<void> {
    if (typeof spentNano !== 'bigint' || spentNano < 0n)
      throw new CocoonError('ERR_OPTIONS', 'spentNano must be a bigint ≥ 0', { phase: 'options', field: 'spentNano' })
    await this.#run((state, atMs) => {
      if (!state.spending.isOpen(id)) throw ledgerError(`no open reservation ${id}`)
      return [{ type: 'settle', id, atMs, spentNano }]
    })
  }

  /** Ends a reservation of which nothing can have been spent. @throws as {@link Ledger.settle}. */
  async release(id: string): Promise<void> {
    await this.settle(id, 0n)
  }

  /**
   * Writes a chain message down before it is sent.
   *
   * @param blocks - Whether another message of the journal forbids this one; gets the entries of the same contract.
   * @throws CocoonError what `blocks` throws; `ERR_LEDGER`.
   */
  async recordIntent(
    intent: Omit<IntentRecord, 'type' | 'atMs'>,
    blocks?: (sameContract: readonly JournalEntry[]) => void
  ): Promise<void> {
    await this.#run((state, atMs) => {
      if (state.journal.has(intent.id)) throw ledgerError(`message ${intent.id} exists already`)
      blocks?.([...state.journal.values()].filter((entry) => entry.intent.contract === intent.contract))
      return [{ type: 'intent', atMs, ...intent }]
    })
  }

  /** Writes down what became of a chain message. A final outcome is never replaced. */
  async recordOutcome(id: string, result: OutcomeRecord['result'], exitCode?: number): Promise<void> {
    await this.#run((state, atMs) => {
      const entry = state.journal.get(id)
      if (entry === undefined) throw ledgerError(`no message ${id}`)
      if (isFinal(entry.outcome)) return []
      return [{ type: 'outcome', id, atMs, result, ...(exitCode !== undefined && { exitCode }) }]
    })
  }

  /** Keeps a verified charge when it is the highest of its contract. */
  async recordCharge(charge: Omit<ChargeRecord, 'type' | 'atMs'>): Promise<void> {
    await this.#run((state, atMs) => {
      const best = state.charges.get(charge.contract)
      return best !== undefined && best.tokens >= charge.tokens ? [] : [{ type: 'charge', atMs, ...charge }]
    })
  }

  /** Stores a receipt as JSON text. */
  async recordReceipt(id: string, receipt: string): Promise<void> {
    await this.#run((_state, atMs) => [{ type: 'receipt', id, atMs, receipt }])
  }

  /** Reads what other processes wrote. */
  async refresh(): Promise<void> {
    await this.#run(() => [])
  }

  /** Sums now. As fresh as the last call that stored or refreshed. */
  totals(): SpendingTotals {
    return this.#state.spending.totals(this.#clock.now())
  }

  /** Reservations without an end: running calls, and those of processes that died. They keep counting in full. */
  openReservations(): ReturnType<Spending['openReservations']> {
    return this.#state.spending.openReservations()
  }

  /** Chain messages, oldest first; with a contract, only its own. */
  journal(contract?: string): readonly JournalEntry[] {
    const entries = [...this.#state.journal.values()]
    return contract === undefined ? entries : entries.filter((entry) => entry.intent.contract === contract)
  }

  /** The highest verified charge of a contract. */
  bestCharge(contract: string): ChargeRecord | null {
    return this.#state.charges.get(contract) ?? null
  }

  /** The newest receipts, oldest first, as stored: the last thousand at least. {@link Ledger.readReceipts} gives all. */
  receipts(): readonly ReceiptRecord[] {
    return this.#state.receipts
  }

  /**
   * All receipts, oldest first, as stored, a bounded number in memory at a time. Those that are written meanwhile come too.
   *
   * @throws CocoonError `ERR_LEDGER` | `ERR_LEDGER_LOCKED`.
   */
  readReceipts(): AsyncGenerator<ReceiptRecord> {
    return readReceipts(this.#store)
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  #run(decide: Decide): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== null) return reject(this.#broken)
      this.#waiting.push({ decide, resolve, reject })
      if (!this.#draining) void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#draining = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0)
      try {
        const settled = await this.#store.withLock(() => this.#decideBatch(batch))
        for (const finish of settled) finish()
      } catch (error) {
        const failure = CocoonError.from(error, 'ERR_LEDGER', { phase: 'ledger' })
        for (const { reject } of batch) reject(failure)
      }
    }
    this.#draining = false
  }

  /** Under the lock: catch up, decide each call on the state that the ones before it left, store all at once. */
  async #decideBatch(batch: readonly Waiting[]): Promise<readonly (() => void)[]> {
    await this.#catchUp()
    const records: LedgerRecord[] = []
    const settled: (() => void)[] = []
    for (const { decide, resolve, reject } of batch) {
      try {
        const nowMs = this.#state.spending.advance(this.#clock.now())
        const wanted = decide(this.#state, nowMs)
        for (const record of wanted) this.#state.apply(record)
        records.push(...wanted)
        settled.push(resolve)
      } catch (error) {
        settled.push(() => reject(error))
      }
    }
    if (records.length > 0) {
      await this.#append(records)
      await this.#compact()
    }
    return settled
  }

  async #append(records: readonly LedgerRecord[]): Promise<void> {
    try {
      this.#applied = await this.#store.append(records.map(encodeRecord))
    } catch (error) {
      // The state in memory is ahead of the store, and nobody knows how much was stored: this object ends here.
      this.#broken = ledgerError('the store failed; open the ledger anew', error)
      throw this.#broken
    }
  }

  async #catchUp(): Promise<void> {
    const generation = await this.#store.compaction?.generation()
    if (generation !== undefined && generation !== this.#generation) {
      this.#generation = generation
      this.#applied = 0
      this.#state = new LedgerState()
    }
    for (;;) {
      const records = await this.#store.read(this.#applied)
      if (records.length === 0) return
      for (const bytes of records) {
        this.#state.applyStored(bytes)
        this.#applied++
      }
    }
  }

  /** Under the lock, with everything applied: replaces a log that is mostly history. */
  async #compact(): Promise<void> {
    const { compaction } = this.#store
    if (compaction === undefined || this.#applied < this.#compactAfter) return
    if (this.#applied < this.#state.compactSize * 2) return
    const { records, archived } = this.#state.compact()
    try {
      this.#applied = await compaction.replace(records, archived)
      this.#generation = await compaction.generation()
      this.#state.dropReceipts(archived.length)
    } catch {
      // What callers were promised is stored either way. The next look tells whether the log was replaced.
      this.#compactAfter = this.#applied * 2
    }
  }
}

/** Whether nothing more can happen to a message. */
export function isFinal(outcome: OutcomeRecord | null): boolean {
  return outcome !== null && outcome.result !== 'sent'
}

/** Opens a ledger and reads it. @throws CocoonError `ERR_LEDGER` | `ERR_LEDGER_LOCKED` | `ERR_OPTIONS`. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const ledger = new Ledger(options)
  await ledger.refresh()
  return ledger
}
