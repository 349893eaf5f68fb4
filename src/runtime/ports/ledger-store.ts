/**
 * Port: durable storage for the ledger (receipts, limits, journal). Append-only records plus an exclusive lock; the
 * ledger's meaning lives in payments/channel.
 *
 * @module
 */

/** An append-only, ordered log of opaque records. */
export interface LedgerStore {
  /**
   * Records from `fromIndex` on, in order. A store may stop early so that no large log is held in memory; the answer is
   * empty only at the end.
   */
  read(fromIndex: number): Promise<readonly Uint8Array[]>
  /** Appends records atomically and durably; resolves after they would survive a crash. @returns the new record count. */
  append(records: readonly Uint8Array[]): Promise<number>
  /** Runs `critical` while no other process or task holds the lock. */
  withLock<T>(critical: () => Promise<T>): Promise<T>
  close(): Promise<void>
  /** What a store needs so that its log stays short. Without it the log only grows. */
  readonly compaction?: LedgerCompaction | undefined
}

/** Replacing a log by a shorter one that means the same. Everything here is called under the lock. */
export interface LedgerCompaction {
  /** A number that changes when the log was replaced, by whomever: indexes from before are void then. */
  generation(): Promise<number>
  /**
   * Moves `archived` behind everything in the archive and makes `records` the whole log: both or neither, durably. After a
   * failure {@link LedgerCompaction.generation} tells which.
   *
   * @returns the new record count of the log.
   */
  replace(records: readonly Uint8Array[], archived: readonly Uint8Array[]): Promise<number>
  /** Archived records, as {@link LedgerStore.read}; their indexes stay. */
  readArchive(fromIndex: number): Promise<readonly Uint8Array[]>
}
