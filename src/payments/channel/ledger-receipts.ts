/**
 * All receipts of a store: those in its archive, then those in its log, while others write and compact.
 *
 * @module
 */
import type { LedgerStore } from '../../runtime/ports/ledger-store.js'
import { decodeRecord, type ReceiptRecord } from './ledger-records.js'

/**
 * Receipts in the order in which they were stored. The archive holds nothing else, so that a receipt has the same number
 * before and after it is moved there; each piece is read under the lock.
 */
export async function* readReceipts(store: LedgerStore): AsyncGenerator<ReceiptRecord> {
  const { compaction } = store
  let generation: number | undefined
  /** Receipts given out. */
  let given = 0
  /** Archived ones that were read. */
  let archived = 0
  let inLog = 0
  let logIndex = 0

  async function readPiece(): Promise<readonly ReceiptRecord[] | undefined> {
    const now = await compaction?.generation()
    if (now !== generation) {
      generation = now
      inLog = logIndex = 0
    }
    const old = (await compaction?.readArchive(archived)) ?? []
    if (old.length > 0) {
      const first = archived
      archived += old.length
      return old.flatMap((bytes, index) => (first + index < given ? [] : receiptsOf(bytes)))
    }
    const records = await store.read(logIndex)
    if (records.length === 0) return undefined
    logIndex += records.length
    return records.flatMap(receiptsOf).filter(() => archived + inLog++ >= given)
  }

  for (;;) {
    const piece = await store.withLock(readPiece)
    if (piece === undefined) return
    given += piece.length
    yield* piece
  }
}

function receiptsOf(bytes: Uint8Array): readonly ReceiptRecord[] {
  const record = decodeRecord(bytes)
  return record?.type === 'receipt' ? [record] : []
}
