/**
 * A ledger in IndexedDB: shared by the tabs of one origin. The lock is a Web Lock, so it is freed when a tab dies; where
 * there are none the store refuses to open, because two tabs could then exceed a limit together. Every write is one
 * transaction, so that a tab that dies in it leaves nothing of it.
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

/** The log and what left it. Keys count up without gaps: an aborted transaction does not use its numbers up. */
const RECORDS = 'records'
const ARCHIVE = 'archive'
/** One value, {@link LogPlace}, under the key 0. */
const PLACE = 'place'
/** 2: archive and place. */
const VERSION = 2
/** Records that one read returns at most. */
const MAX_READ = 1000

/** Where the log stands: clearing a store does not set its keys back. */
interface LogPlace {
  readonly generation: number
  /** Key before the first record's. */
  readonly base: number
}

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
    transaction.addEventListener('abort', () => reject(failed(what, transaction.error)), { once: true })
  })
}

async function openDatabase(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  const request = factory.open(name, VERSION)
  request.addEventListener('upgradeneeded', () => {
    const { result: database } = request
    for (const store of [RECORDS, ARCHIVE])
      if (!database.objectStoreNames.contains(store)) database.createObjectStore(store, { autoIncrement: true })
    database.createObjectStore(PLACE)
  })
  const opened = done(request, 'open')
  const blocked = new Promise<never>((_resolve, reject) => {
    request.addEventListener('blocked', () => {
      reject(failed('open', 'a tab of an older version holds the database'))
      opened.then((late) => late.close()).catch(() => undefined)
    })
  })
  const database = await Promise.race([opened, blocked])
  // A newer version of this library in another tab may go on; what is called here afterwards fails.
  database.addEventListener('versionchange', () => database.close())
  return database
}

/** The log and its archive, without the lock. */
class Records {
  readonly #database: IDBDatabase

  constructor(database: IDBDatabase) {
    this.#database = database
  }

  async place(): Promise<LogPlace> {
    const place = this.#begin([PLACE], 'readonly').objectStore(PLACE).get(0) as IDBRequest<LogPlace | undefined>
    return (await done(place, 'read')) ?? { generation: 0, base: 0 }
  }

  read(store: string, afterKey: number): Promise<readonly Uint8Array[]> {
    const records = this.#begin([store], 'readonly').objectStore(store)
    return done<Uint8Array[]>(records.getAll(IDBKeyRange.lowerBound(afterKey, true), MAX_READ), 'read')
  }

  async append(added: readonly Uint8Array[]): Promise<number> {
    const transaction = this.#begin([RECORDS], 'readwrite')
    const records = transaction.objectStore(RECORDS)
    for (const record of added) records.add(record.slice())
    const [count] = await Promise.all([done(records.count(), 'count'), completed(transaction, 'append')])
    return count
  }

  async replace(kept: readonly Uint8Array[], archived: readonly Uint8Array[]): Promise<number> {
    const { generation } = await this.place()
    const transaction = this.#begin([RECORDS, ARCHIVE, PLACE], 'readwrite')
    const [records, archive] = [transaction.objectStore(RECORDS), transaction.objectStore(ARCHIVE)]
    for (const record of archived) archive.add(record.slice())
    records.clear()
    for (const [index, record] of kept.entries()) {
      const request = records.add(record.slice())
      if (index > 0) continue
      request.addEventListener('success', () => {
        const place: LogPlace = { generation: generation + 1, base: Number(request.result) - 1 }
        transaction.objectStore(PLACE).put(place, 0)
      })
    }
    await completed(transaction, 'replace')
    return kept.length
  }

  #begin(stores: readonly string[], mode: IDBTransactionMode): IDBTransaction {
    try {
      return this.#database.transaction([...stores], mode, { durability: 'strict' })
    } catch (cause) {
      throw failed('a transaction', cause)
    }
  }
}

/** Runs `critical` under a Web Lock; its own failure passes as it is. @throws CocoonError `ERR_LEDGER_LOCKED` after the time limit. */
async function underLock<T>(
  locks: Pick<LockManager, 'request'>,
  name: string,
  timeoutMs: number,
  critical: () => Promise<T>
): Promise<T> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), timeoutMs)
  let result: PromiseSettledResult<T> | undefined
  try {
    await locks.request(name, { signal: controller.signal }, async () => {
      clearTimeout(timer)
      result = (await Promise.allSettled([critical()]))[0]
    })
  } catch (error) {
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
  if (result?.status === 'fulfilled') return result.value
  throw result?.reason
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
  const records = new Records(database)
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw new CocoonError('ERR_CLOSED', 'the ledger store is closed', { phase: 'ledger' })
  }

  return {
    async read(fromIndex: number): Promise<readonly Uint8Array[]> {
      assertOpen()
      return records.read(RECORDS, (await records.place()).base + fromIndex)
    },
    async append(added: readonly Uint8Array[]): Promise<number> {
      assertOpen()
      return records.append(added)
    },
    async withLock<T>(critical: () => Promise<T>): Promise<T> {
      assertOpen()
      return underLock(locks, `cocoonkit-ledger:${options.name}`, options.lockTimeoutMs ?? 10_000, critical)
    },
    async close(): Promise<void> {
      if (closed) return
      closed = true
      database.close()
    },
    compaction: {
      async generation(): Promise<number> {
        assertOpen()
        return (await records.place()).generation
      },
      async replace(kept: readonly Uint8Array[], archived: readonly Uint8Array[]): Promise<number> {
        assertOpen()
        return records.replace(kept, archived)
      },
      async readArchive(fromIndex: number): Promise<readonly Uint8Array[]> {
        assertOpen()
        return records.read(ARCHIVE, fromIndex)
      }
    }
  }
}
