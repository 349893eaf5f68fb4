/**
 * A ledger in IndexedDB: shared by the tabs of one origin. The lock is a Web Lock, so it is freed when a tab dies; where
 * there are none the store refuses to open, because two tabs could then exceed a limit together.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { LedgerStore } from '../ports/ledger-store.js'

/** Options of the IndexedDB store. */
export interface IndexedDbLedgerStoreOptions {
  /** Name of the database. */
  readonly name: string
  /** Longest wait for the lock, milliseconds. Default 10_000. */
  readonly lockTimeoutMs?: number | undefined
  /** Default `globalThis.indexedDB`. */
  readonly indexedDb?: IDBFactory | undefined
  /** Default `navigator.locks`. */
  readonly locks?: Pick<LockManager, 'request'> | undefined
}

const RECORDS = 'records'

function failed(what: string, cause: unknown): CocoonError {
  return new CocoonError('ERR_LEDGER', `IndexedDB: ${what} failed`, { phase: 'ledger', cause })
}

function done<T>(request: IDBRequest<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result), { once: true })
    request.addEventListener('error', () => reject(failed(what, request.error)), { once: true })
  })
}

/** Resolves when a transaction is durable. */
function completed(transaction: IDBTransaction, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve(), { once: true })
    for (const event of ['abort', 'error']) {
      transaction.addEventListener(event, () => reject(failed(what, transaction.error)), { once: true })
    }
  })
}

async function openDatabase(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  const request = factory.open(name, 1)
  // Keys count from 1, without gaps: an aborted transaction does not use its numbers up.
  request.addEventListener(
    'upgradeneeded',
    () => void request.result.createObjectStore(RECORDS, { autoIncrement: true })
  )
  return done(request, 'open')
}

/**
 * Opens a store.
 *
 * @throws CocoonError `ERR_UNSUPPORTED_RUNTIME` without IndexedDB or Web Locks; `ERR_LEDGER`.
 */
export async function openIndexedDbLedgerStore(options: IndexedDbLedgerStoreOptions): Promise<LedgerStore> {
  const factory = options.indexedDb ?? (globalThis as { indexedDB?: IDBFactory }).indexedDB
  const locks = options.locks ?? (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks
  if (factory === undefined || locks === undefined) {
    throw new CocoonError('ERR_UNSUPPORTED_RUNTIME', 'this runtime lacks IndexedDB or Web Locks', { phase: 'ledger' })
  }
  const database = await openDatabase(factory, options.name)
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw new CocoonError('ERR_CLOSED', 'the ledger store is closed', { phase: 'ledger' })
  }

  return {
    async read(fromIndex: number): Promise<readonly Uint8Array[]> {
      assertOpen()
      const records = database.transaction(RECORDS, 'readonly').objectStore(RECORDS)
      return done<Uint8Array[]>(
        records.getAll(IDBKeyRange.lowerBound(fromIndex, true)) as IDBRequest<Uint8Array[]>,
        'read'
      )
    },
    async append(added: readonly Uint8Array[]): Promise<number> {
      assertOpen()
      const transaction = database.transaction(RECORDS, 'readwrite', { durability: 'strict' })
      const records = transaction.objectStore(RECORDS)
      for (const record of added) records.add(record.slice())
      const count = done(records.count(), 'count')
      await completed(transaction, 'append')
      return count
    },
    async withLock<T>(critical: () => Promise<T>): Promise<T> {
      assertOpen()
      const controller = new AbortController()
      const timer = setTimeout(() => controller.abort(), options.lockTimeoutMs ?? 10_000)
      try {
        return (await locks.request(`cocoonkit-ledger:${options.name}`, { signal: controller.signal }, () => {
          clearTimeout(timer)
          return critical()
        })) as T
      } catch (error) {
        if (CocoonError.is(error)) throw error
        if (controller.signal.aborted)
          throw new CocoonError('ERR_LEDGER_LOCKED', 'another tab holds the ledger', {
            phase: 'ledger',
            retryable: true,
            cause: error
          })
        throw failed('lock', error)
      } finally {
        clearTimeout(timer)
      }
    },
    async close(): Promise<void> {
      if (closed) return
      closed = true
      database.close()
    }
  }
}
