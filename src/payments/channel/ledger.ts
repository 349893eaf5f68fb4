/**
 * The ledger: every coin that may move is written down before it can, and limits hold across all processes that share the
 * store. All state is derived by replaying records, so a crash at any step leads back to the same state.
 *
 * Concurrency: calls that come together are decided together under one lock and stored with one append.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Clock } from '../../runtime/ports/clock.js'
import type { LedgerStore } from '../../runtime/ports/ledger-store.js'
import {
  decodeRecord,
  encodeRecord,
  ledgerError,
  type ChargeRecord,
  type IntentRecord,
  type LedgerRecord,
  type OutcomeRecord,
  type ReceiptRecord
} from './ledger-records.js'
import { checkLimits, limitError, Spending, type SpendingLimits, type SpendingTotals } from './spending.js'

/** A reservation to be made. */
export interface Reservation {
  /** Unique; a second reservation with the same id is refused. */
  readonly id: string
  readonly amountNano: bigint
  /** Whom it goes to. */
  readonly recipient: string
  /** What for; never a prompt. */
  readonly purpose: string
}

/** A chain message with what became of it so far. */
export interface JournalEntry {
  readonly intent: IntentRecord
  readonly outcome: OutcomeRecord | null
}

/** Options of a ledger. */
export interface LedgerOptions {
  readonly store: LedgerStore
  readonly clock: Clock
  /** Caps that every reservation through this ledger obeys. Default: none. */
  readonly limits?: SpendingLimits | undefined
}

/** What one caller wants stored, decided on the state under the lock. */
type Decide = (state: LedgerState, nowMs: number) => readonly LedgerRecord[]

interface Waiting {
  readonly decide: Decide
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** State that follows from the records. */
export class LedgerState {
  readonly spending: Spending = new Spending()
  readonly journal: Map<string, { intent: IntentRecord; outcome: OutcomeRecord | null }> = new Map()
  readonly charges: Map<string, ChargeRecord> = new Map()
  readonly receipts: ReceiptRecord[] = []

  apply(record: LedgerRecord): void {
    switch (record.type) {
      case 'reserve':
        return this.spending.applyReserve(record)
      case 'settle':
        return this.spending.applySettle(record)
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
}

/** A ledger on a store. Safe to use in parallel, and from several processes on one store. */
export class Ledger {
  readonly #store: LedgerStore
  readonly #clock: Clock
  readonly #limits: SpendingLimits
  readonly #state = new LedgerState()
  readonly #waiting: Waiting[] = []
  #applied = 0
  #draining = false
  #broken: CocoonError | null = null

  constructor(options: LedgerOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#limits = checkLimits(options.limits ?? {})
  }

  /**
   * Reserves an amount under this ledger's limits and `extraLimits`.
   *
   * @throws CocoonError `ERR_LIMIT_EXCEEDED` naming the cap, `ERR_LEDGER` for a used id or a store that fails,
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

  /** Receipts, oldest first, as stored. */
  receipts(): readonly ReceiptRecord[] {
    return this.#state.receipts
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
    if (records.length > 0) await this.#append(records)
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
    const records = await this.#store.read(this.#applied)
    for (const bytes of records) {
      const record = decodeRecord(bytes)
      if (record !== null) this.#state.apply(record)
    }
    this.#applied += records.length
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
