/**
 * Port: durable storage for the ledger (receipts, limits, journal). Append-only records plus an exclusive lock; the
 * ledger's meaning lives in payments/channel.
 *
 * @module
 */

/** An append-only, ordered log of opaque records. */
export interface LedgerStore {
  /** Reads every record from `fromIndex` in order. */
  read(fromIndex: number): Promise<readonly Uint8Array[]>
  /** Appends records atomically and durably; resolves after they would survive a crash. @returns the new record count. */
  append(records: readonly Uint8Array[]): Promise<number>
  /** Runs `critical` while no other process or task holds the lock. */
  withLock<T>(critical: () => Promise<T>): Promise<T>
  close(): Promise<void>
}
