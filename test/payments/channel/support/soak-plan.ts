/** What the processes of the soak and their parent agree on. */

/** What one process is told. */
export interface SoakTask {
  readonly path: string
  readonly name: string
  /** Decimal text. */
  readonly capNano: string
  readonly callers: number
  readonly compactAfterRecords: number
}

/** Every reservation. */
export const AMOUNT_NANO = 1_000_000n

/**
 * What every reservation turns out to cost: so little that the cap is always near and never reached for good, and not
 * nothing, so that none can be missing from the sums.
 */
export const SPENT_NANO = 1n

/** About as long as a real one. */
export const RECEIPT: string = JSON.stringify({ schema: 'soak', text: 'x'.repeat(700) })
