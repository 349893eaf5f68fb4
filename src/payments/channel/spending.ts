/**
 * Arithmetic of limits: sums over windows, pure and incremental, the same in every process that replays the same records.
 *
 * A reservation counts in full from the moment it is recorded until it is settled; a settled one counts with what was
 * spent, at the time of its reservation. So a crash between the two leaves too much counted, never too little.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ReserveRecord, SettleRecord, SpentRecord, TimeRecord } from './ledger-records.js'
import { RecentSpending, type SpendingStep } from './recent-spending.js'

/** Caps in nanotons; a cap that is left out does not exist. Windows slide, by the second. */
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
  readonly amountNano: bigint
  readonly purpose: string
  readonly step: SpendingStep
}

/** Sums of a ledger. Memory: one entry per open reservation, per recipient, and per second of the last day. */
export class Spending {
  readonly #open = new Map<string, Entry>()
  readonly #recipients = new Map<string, bigint>()
  readonly #recent = new RecentSpending()
  #totalNano = 0n
  #reservedNano = 0n
  #lastMs = 0

  /** Time that only moves forward: a clock that is set back must not open a window again. */
  advance(nowMs: number): number {
    this.#lastMs = Math.max(this.#lastMs, nowMs)
    this.#recent.advance(this.#lastMs)
    return this.#lastMs
  }

  totals(nowMs: number): SpendingTotals {
    this.advance(nowMs)
    return {
      minuteNano: this.#recent.minuteNano,
      dayNano: this.#recent.dayNano,
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

  applyReserve({ id, atMs, recipient, amountNano, purpose }: ReserveRecord): void {
    if (this.#open.has(id)) return
    const step = this.#count(atMs, recipient, amountNano)
    this.#open.set(id, { id, atMs: this.#lastMs, recipient, amountNano, purpose, step })
    this.#reservedNano += amountNano
  }

  applySettle(record: SettleRecord): void {
    const entry = this.#open.get(record.id)
    if (entry === undefined) return
    this.advance(record.atMs)
    const change = record.spentNano - entry.amountNano
    this.#open.delete(entry.id)
    this.#reservedNano -= entry.amountNano
    this.#recent.adjust(entry.step, change)
    this.#totalNano += change
    this.#addTo(entry.recipient, change)
  }

  applySpent({ atMs, recipient, spentNano }: SpentRecord): void {
    this.#count(atMs, recipient, spentNano)
  }

  /**
   * The fewest records that lead to the same sums now and at every later time: what is settled, summed up over recipients
   * and seconds, and the open reservations, in order of time.
   */
  summary(): readonly (ReserveRecord | SpentRecord | TimeRecord)[] {
    const open = [...this.#open.values()]
    const bySteps = new Map<SpendingStep, bigint>(this.#recent.steps().map((step) => [step, step.sumNano]))
    const byRecipient = new Map(this.#recipients)
    for (const { step, recipient, amountNano } of open) {
      const inWindow = bySteps.get(step)
      if (inWindow !== undefined) bySteps.set(step, inWindow - amountNano)
      byRecipient.set(recipient, (byRecipient.get(recipient) ?? 0n) - amountNano)
    }
    const recentNano = [...bySteps.values()].reduce((sum, nano) => sum + nano, 0n)
    const times = [
      { atMs: 0, nano: this.#totalNano - this.#reservedNano - recentNano },
      ...[...bySteps].map(([{ atMs }, nano]) => ({ atMs, nano }))
    ]
    const spent = share(times, byRecipient)
    const reserved = open.map(({ step: _step, ...entry }): ReserveRecord => ({ type: 'reserve', ...entry }))
    // Reservations hold their own time; a step's time is that of its newest, so it may not come before them.
    const records = [...reserved, ...spent].toSorted((a, b) => a.atMs - b.atMs)
    return [...records, { type: 'time', atMs: this.#lastMs }]
  }

  /** Upper bound of the number of records that {@link Spending.summary} returns, without making them. */
  get summarySize(): number {
    return this.#open.size + this.#recipients.size + this.#recent.size + 2
  }

  #count(atMs: number, recipient: string, amountNano: bigint): SpendingStep {
    const step = this.#recent.add(this.advance(atMs), amountNano)
    this.#totalNano += amountNano
    this.#addTo(recipient, amountNano)
    return step
  }

  #addTo(recipient: string, changeNano: bigint): void {
    const sumNano = this.recipientNano(recipient) + changeNano
    if (sumNano === 0n) this.#recipients.delete(recipient)
    else this.#recipients.set(recipient, sumNano)
  }
}

/**
 * Records whose sums are those of every time and of every recipient. Which recipient was paid when is not kept: no cap
 * asks for it. One record a time and one a recipient at most.
 */
function share(
  times: readonly { readonly atMs: number; readonly nano: bigint }[],
  byRecipient: ReadonlyMap<string, bigint>
): readonly SpentRecord[] {
  const records: SpentRecord[] = []
  const recipients = [...byRecipient].filter(([, nano]) => nano > 0n)
  let index = 0
  let leftNano = recipients[0]?.[1] ?? 0n
  for (const { atMs, nano } of times) {
    // A second in which nothing was spent after all can still be the newest time of open reservations.
    if (nano === 0n && atMs > 0) records.push({ type: 'spent', atMs, recipient: '', spentNano: 0n })
    for (let due = nano; due > 0n;) {
      const spentNano = due < leftNano ? due : leftNano
      records.push({ type: 'spent', atMs, recipient: recipients[index]?.[0] ?? '', spentNano })
      due -= spentNano
      leftNano -= spentNano
      if (leftNano === 0n) leftNano = recipients[++index]?.[1] ?? due
    }
  }
  return records
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
