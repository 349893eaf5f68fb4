/**
 * A ledger store in memory: lost with the process. For tests, and for callers who accept limits that hold per process.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { LedgerStore } from '../../runtime/ports/ledger-store.js'

const copy = (record: Uint8Array): Uint8Array => record.slice()

/** Archived records that one read returns at most. */
const ARCHIVE_PIECE = 1000

/** Opens a store in memory. */
export function memoryLedgerStore(): LedgerStore {
  let records: Uint8Array[] = []
  let generation = 0
  const archive: Uint8Array[] = []
  let closed = false
  let tail: Promise<unknown> = Promise.resolve()
  const assertOpen = (): void => {
    if (closed) throw new CocoonError('ERR_CLOSED', 'the ledger store is closed', { phase: 'ledger' })
  }
  return {
    async read(fromIndex: number): Promise<readonly Uint8Array[]> {
      assertOpen()
      return records.slice(fromIndex).map(copy)
    },
    async append(added: readonly Uint8Array[]): Promise<number> {
      assertOpen()
      for (const record of added) records.push(copy(record))
      return records.length
    },
    withLock<T>(critical: () => Promise<T>): Promise<T> {
      const run = tail.then(() => {
        assertOpen()
        return critical()
      })
      tail = run.catch(() => undefined)
      return run
    },
    async close(): Promise<void> {
      closed = true
    },
    compaction: {
      async generation(): Promise<number> {
        return generation
      },
      async replace(kept: readonly Uint8Array[], archived: readonly Uint8Array[]): Promise<number> {
        assertOpen()
        for (const record of archived) archive.push(copy(record))
        records = kept.map(copy)
        generation++
        return records.length
      },
      async readArchive(fromIndex: number): Promise<readonly Uint8Array[]> {
        assertOpen()
        return archive.slice(fromIndex, fromIndex + ARCHIVE_PIECE).map(copy)
      }
    }
  }
}
