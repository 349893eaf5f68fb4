/**
 * What a relay tells its operator: addresses, sizes and times. Never content.
 *
 * @module
 */

/** One event of a relay. */
export type RelayEvent =
  | { readonly type: 'refused'; readonly clientAddress: string; readonly status: number; readonly reason: string }
  | { readonly type: 'opened'; readonly clientAddress: string; readonly target: string }
  | {
      readonly type: 'closed'
      readonly clientAddress: string
      readonly target: string
      readonly bytesToTarget: number
      readonly bytesToClient: number
      readonly durationMs: number
      readonly reason: string
    }
