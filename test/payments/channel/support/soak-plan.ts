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
export const AMOUNT_NANO = 1000n

/** What a reservation turns out to cost: mostly nothing, so that the cap is always near and never reached for good. */
export function spentNano(id: string): bigint {
  return id.endsWith('7') ? 1n : 0n
}

/** About as long as a real one. */
export const RECEIPT: string = JSON.stringify({ schema: 'soak', text: 'x'.repeat(700) })
