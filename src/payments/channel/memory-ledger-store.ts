/**
 * A ledger store in memory: lost with the process. For tests, and for callers who accept limits that hold per process.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { LedgerStore } from '../../runtime/ports/ledger-store.js'

/** Opens a store in memory. */
export function memoryLedgerStore(): LedgerStore {
  const records: Uint8Array[] = []
  let closed = false
  let tail: Promise<unknown> = Promise.resolve()
  const assertOpen = (): void => {
    if (closed) throw new CocoonError('ERR_CLOSED', 'the ledger store is closed', { phase: 'ledger' })
  }
  return {
    async read(fromIndex: number): Promise<readonly Uint8Array[]> {
      assertOpen()
      return records.slice(fromIndex).map((record) => record.slice())
    },
    async append(added: readonly Uint8Array[]): Promise<number> {
      assertOpen()
      records.push(...added.map((record) => record.slice()))
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
    }
  }
}
