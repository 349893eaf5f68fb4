/**
 * Arithmetic of limits: sums over windows, pure and incremental, the same in every process that replays the same records.
 *
 * A reservation counts in full from the moment it is recorded until it is settled; a settled one counts with what was
 * spent, at the time of its reservation. So a crash between the two leaves too much counted, never too little.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ReserveRecord, SettleRecord } from './ledger-records.js'

/** Caps in nanotons; a cap that is left out does not exist. Windows slide. */
export interface SpendingLimits {
  readonly perRequestNano?: bigint | undefined
  readonly perMinuteNano?: bigint | undefined
  readonly perDayNano?: bigint | undefined
  readonly totalNano?: bigint | undefined
  /** For every recipient alone. */
  readonly perRecipientNano?: bigint | undefined
}

/** Name of a cap. */
export type LimitName = keyof SpendingLimits

/** What is counted now. */
export interface SpendingTotals {
  readonly minuteNano: bigint
  readonly dayNano: bigint
  readonly totalNano: bigint
  /** Part of the total that is reserved and not settled. */
  readonly reservedNano: bigint
}

interface Entry {
  readonly id: string
  readonly atMs: number
  readonly recipient: string
  amountNano: bigint
  open: boolean
}

/** One sliding window: entries in order of time with their running sum. */
class SlidingWindow {
  readonly #lengthMs: number
  readonly #entries: Entry[] = []
  #head = 0
  sumNano = 0n

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
    this.sumNano += entry.amountNano
  }

  /** Drops what is older than the window. @returns The dropped entries. */
  advance(nowMs: number): readonly Entry[] {
    const dropped: Entry[] = []
    for (
      let entry = this.#entries[this.#head];
      entry !== undefined && entry.atMs <= nowMs - this.#lengthMs;
      entry = this.#entries[this.#head]
    ) {
      this.sumNano -= entry.amountNano
      dropped.push(entry)
      this.#head++
    }
    // Amortised: the array is cut when half of it is dead.
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#head)
      this.#head = 0
    }
    return dropped
  }

  /** Follows a changed amount when the entry is still inside. */
  adjust(entry: Entry, changeNano: bigint, nowMs: number): void {
    if (entry.atMs > nowMs - this.#lengthMs) this.sumNano += changeNano
  }
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Sums of a ledger. */
export class Spending {
  readonly #open = new Map<string, Entry>()
  readonly #recipients = new Map<string, bigint>()
  readonly #minute = new SlidingWindow(MINUTE_MS)
  readonly #day = new SlidingWindow(DAY_MS)
  #totalNano = 0n
  #reservedNano = 0n
  #lastMs = 0

  /** Time that only moves forward: a clock that is set back must not open a window again. */
  advance(nowMs: number): number {
    this.#lastMs = Math.max(this.#lastMs, nowMs)
    this.#minute.advance(this.#lastMs)
    this.#day.advance(this.#lastMs)
    return this.#lastMs
  }

  totals(nowMs: number): SpendingTotals {
    this.advance(nowMs)
    return {
      minuteNano: this.#minute.sumNano,
      dayNano: this.#day.sumNano,
      totalNano: this.#totalNano,
      reservedNano: this.#reservedNano
    }
  }

  recipientNano(recipient: string): bigint {
    return this.#recipients.get(recipient) ?? 0n
  }

  /** Whether a reservation of this id is open. */
  isOpen(id: string): boolean {
    return this.#open.has(id)
  }

  /** Ids and amounts of open reservations, oldest first. */
  openReservations(): readonly {
    readonly id: string
    readonly amountNano: bigint
    readonly atMs: number
    readonly recipient: string
  }[] {
    return [...this.#open.values()].map(({ id, amountNano, atMs, recipient }) => ({ id, amountNano, atMs, recipient }))
  }

  /** The cap that this reservation would break, or `null`. */
  brokenBy(limits: SpendingLimits, amountNano: bigint, recipient: string, nowMs: number): LimitName | null {
    const { minuteNano, dayNano, totalNano } = this.totals(nowMs)
    const checks: readonly (readonly [LimitName, bigint])[] = [
      ['perRequestNano', amountNano],
      ['perMinuteNano', minuteNano + amountNano],
      ['perDayNano', dayNano + amountNano],
      ['totalNano', totalNano + amountNano],
      ['perRecipientNano', this.recipientNano(recipient) + amountNano]
    ]
    for (const [name, wanted] of checks) {
      const cap = limits[name]
      if (cap !== undefined && wanted > cap) return name
    }
    return null
  }

  applyReserve(record: ReserveRecord): void {
    if (this.#open.has(record.id)) return
    const atMs = this.advance(record.atMs)
    const entry: Entry = { id: record.id, atMs, recipient: record.recipient, amountNano: record.amountNano, open: true }
    this.#open.set(entry.id, entry)
    this.#minute.add(entry)
    this.#day.add(entry)
    this.#totalNano += entry.amountNano
    this.#reservedNano += entry.amountNano
    this.#recipients.set(entry.recipient, this.recipientNano(entry.recipient) + entry.amountNano)
  }

  applySettle(record: SettleRecord): void {
    const entry = this.#open.get(record.id)
    if (entry === undefined) return
    const nowMs = this.advance(record.atMs)
    const change = record.spentNano - entry.amountNano
    this.#open.delete(entry.id)
    this.#reservedNano -= entry.amountNano
    entry.amountNano = record.spentNano
    entry.open = false
    this.#minute.adjust(entry, change, nowMs)
    this.#day.adjust(entry, change, nowMs)
    this.#totalNano += change
    this.#recipients.set(entry.recipient, this.recipientNano(entry.recipient) + change)
  }
}

/** The error for a broken cap. */
export function limitError(name: LimitName, amountNano: bigint): CocoonError {
  return new CocoonError('ERR_LIMIT_EXCEEDED', `${amountNano} nanotons would exceed the limit ${name}`, {
    phase: 'ledger',
    field: name,
    remedy: 'raise the limit, or wait until the window has moved on'
  })
}

/** Checks written limits. @throws CocoonError `ERR_OPTIONS` naming the cap. */
export function checkLimits(limits: SpendingLimits): SpendingLimits {
  for (const [name, cap] of Object.entries(limits)) {
    if (cap !== undefined && (typeof cap !== 'bigint' || cap < 0n)) {
      throw new CocoonError('ERR_OPTIONS', `${name} must be an amount in nanotons (bigint)`, {
        phase: 'options',
        field: name
      })
    }
  }
  return limits
}
