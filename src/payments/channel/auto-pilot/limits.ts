/**
 * What a caller writes down before an auto-pilot may send anything: caps, amounts, rules. Nothing here has a default that
 * moves coins; a rule that is left out is a thing that is never done.
 *
 * @module
 */
import { CocoonError } from '../../../errors.js'
import type { JournalEntry } from '../ledger.js'
import type { RiskId } from '../risks.js'

/**
 * Risks that a caller may accept in advance. All others of {@link RiskId} stop the auto-pilot, whatever is written: a person
 * has to look at them.
 */
export type AutoPilotRiskId = Extract<
  RiskId,
  'deposit-below-stake' | 'unknown-contract-code' | 'forced-close-shared-stake'
>

/** When to add coins, and how many. Nanotons. */
export interface TopUpRule {
  /** Adds when less than this is left: the balance without what is signed for and not charged yet. */
  readonly belowNano: bigint
  /** What is credited, each time. */
  readonly byNano: bigint
}

/** When to submit the proxy's newest signed charge. */
export interface ChargeRule {
  /**
   * Submits when this much is signed for and not charged, nanotons. A proxy refuses requests once the stake is reached; the
   * reference submits at half of it (`root.minClientStakeNano / 2n`).
   */
  readonly fromUnsettledNano: bigint
  /**
   * More than this is no charge that adds up, nanotons: nothing is submitted or topped up any more. An honest proxy lets
   * no more be used than the stake before it is charged.
   */
  readonly maxUnsettledNano: bigint
}

/** When to leave a contract of earlier params. */
export interface CloseOutdatedRule {
  /**
   * How long no request may have used the contract, and the new params must have been known to this auto-pilot,
   * milliseconds; more than the longest request takes. The proxy grants old contracts by itself in that time, which costs
   * nothing. The reference waits 21_600_000. A process that only ever takes one step sees them for the first time in each:
   * there only 0 ever closes.
   */
  readonly quietForMs: number
}

/** Everything an auto-pilot may do. Caps count the whole value that messages carry, also the part that comes back. */
export interface AutoPilotLimits {
  /** What every message carries beside the amount that it credits, nanotons; what is not used comes back. */
  readonly messageValueNano: bigint
  /** Most that one message may carry, nanotons. */
  readonly maxMessageNano: bigint
  /** Most that leaves in 24 hours, sliding, over all channels, nanotons. */
  readonly maxPerDayNano: bigint
  /** Most that ever leaves, over all channels and restarts on one ledger, nanotons. */
  readonly maxTotalNano: bigint
  /** Left out: never tops up. */
  readonly topUp?: TopUpRule | undefined
  /** Left out: never submits a charge; the proxy does so itself, sooner or later. */
  readonly charge?: ChargeRule | undefined
  /** Left out: never closes; an outdated contract is only reported. */
  readonly closeOutdated?: CloseOutdatedRule | undefined
  /** Risks accepted in advance. Default: none. */
  readonly acknowledge?: readonly AutoPilotRiskId[] | undefined
}

/** Name of a cap. */
export type AutoPilotCap = 'maxMessageNano' | 'maxPerDayNano' | 'maxTotalNano'

const ACCEPTABLE: ReadonlySet<string> = new Set<AutoPilotRiskId>([
  'deposit-below-stake',
  'unknown-contract-code',
  'forced-close-shared-stake'
])
const DAY_MS = 86_400_000

function optionError(field: string, message: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `${field} ${message}`, { phase: 'options', field: `limits.${field}` })
}

/** Checks written limits; also that they can do what they say. @throws CocoonError `ERR_OPTIONS` naming the field. */
export function checkAutoPilotLimits(limits: AutoPilotLimits): AutoPilotLimits {
  const { topUp, charge, closeOutdated } = limits
  const amounts: readonly (readonly [string, unknown])[] = [
    ['messageValueNano', limits.messageValueNano],
    ['maxMessageNano', limits.maxMessageNano],
    ['maxPerDayNano', limits.maxPerDayNano],
    ['maxTotalNano', limits.maxTotalNano],
    ...(topUp === undefined
      ? []
      : ([
          ['topUp.belowNano', topUp.belowNano],
          ['topUp.byNano', topUp.byNano]
        ] as const)),
    ...(charge === undefined
      ? []
      : ([
          ['charge.fromUnsettledNano', charge.fromUnsettledNano],
          ['charge.maxUnsettledNano', charge.maxUnsettledNano]
        ] as const))
  ]
  for (const [field, amount] of amounts) {
    if (typeof amount !== 'bigint' || amount <= 0n)
      throw optionError(field, 'must be an amount in nanotons (bigint > 0)')
  }
  const quietForMs = closeOutdated?.quietForMs
  if (closeOutdated !== undefined && !(typeof quietForMs === 'number' && quietForMs >= 0 && quietForMs < Infinity))
    throw optionError('closeOutdated.quietForMs', 'must be milliseconds ≥ 0')
  if (limits.messageValueNano + (topUp?.byNano ?? 0n) > limits.maxMessageNano)
    throw optionError('maxMessageNano', 'is below what one message has to carry')
  if (limits.acknowledge?.some((risk) => !ACCEPTABLE.has(risk)) === true)
    throw optionError('acknowledge', `can hold ${[...ACCEPTABLE].join(', ')}`)
  return limits
}

/** What messages of one sender carried so far. */
export interface SentSums {
  readonly dayNano: bigint
  readonly totalNano: bigint
  /** When the day's sum begins to shrink, Unix milliseconds; `null` when nothing is in it. */
  readonly dayFreesAtMs: number | null
}

/** Whether a journal's message is of this sender. */
export function isSentBy(entry: JournalEntry, sentBy: string): boolean {
  return entry.intent.id.startsWith(`${entry.intent.kind}:${sentBy}:`)
}

/**
 * Sums over a journal. Every message counts that may have left, also one that is said to have failed or expired: a chain
 * that hides what happened must not open a cap again. Only what the signer certainly did not send is free.
 */
export function sumSent(journal: readonly JournalEntry[], sentBy: string, nowMs: number): SentSums {
  let [dayNano, totalNano] = [0n, 0n]
  let oldestMs: number | null = null
  for (const entry of journal) {
    if (!isSentBy(entry, sentBy) || entry.outcome?.result === 'refused') continue
    const { atMs, valueNano } = entry.intent
    totalNano += valueNano
    if (atMs <= nowMs - DAY_MS) continue
    dayNano += valueNano
    oldestMs = oldestMs === null || atMs < oldestMs ? atMs : oldestMs
  }
  return { dayNano, totalNano, dayFreesAtMs: oldestMs === null ? null : oldestMs + DAY_MS }
}

/** The cap that this message would break, or `null`. */
export function capBrokenBy(limits: AutoPilotLimits, sums: SentSums, valueNano: bigint): AutoPilotCap | null {
  if (valueNano > limits.maxMessageNano) return 'maxMessageNano'
  if (sums.totalNano + valueNano > limits.maxTotalNano) return 'maxTotalNano'
  return sums.dayNano + valueNano > limits.maxPerDayNano ? 'maxPerDayNano' : null
}
