/**
 * What a tab does with a ledger in IndexedDB. Bundled from the source; runs in the browser.
 *
 * @module
 */
import { type Ledger, openLedger } from '../../src/payments/channel/ledger.js'
import { openIndexedDbLedgerStore } from '../../src/runtime/browser/ledger-indexeddb-store.js'
import type { LedgerStore } from '../../src/runtime/ports/ledger-store.js'
import { systemClock } from '../../src/runtime/shared/system-clock.js'
import { readAll, runStoreCase, STORE_CASES } from '../payments/channel/support/store-compliance.js'

const open = (name: string, lockTimeoutMs = 30_000): Promise<LedgerStore> =>
  openIndexedDbLedgerStore({ name, lockTimeoutMs })
const openCapped = async (name: string, capNano: number): Promise<Ledger> =>
  openLedger({
    store: await open(name),
    clock: systemClock,
    limits: { totalNano: BigInt(capNano) },
    compactAfterRecords: 50
  })
const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error)
const recordOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Records of {@link api.beginLongAppend}: hundreds of milliseconds. */
const LONG_RECORDS = 5000

/** Reservations that this tab was promised. */
let promised = 0

const api = {
  cases: STORE_CASES.map(({ name }) => name),

  /** Runs one case of the list that every store passes; the reason when it fails. */
  async runCase(name: string): Promise<string | undefined> {
    const storeCase = STORE_CASES.find((each) => each.name === name)
    if (storeCase === undefined) return 'no such case'
    return runStoreCase(storeCase, () => open(`case ${name}`)).then(
      () => undefined,
      (error: unknown) => String((error as Error).stack)
    )
  },

  /** Reserves and settles, several at once, until the cap refuses. @returns How many reservations were had. */
  async spend(name: string, tab: string, capNano: number): Promise<number> {
    const ledger = await openCapped(name, capNano)
    let next = 0
    const caller = async (): Promise<void> => {
      for (;;) {
        const id = `${tab}-${next++}`
        try {
          await ledger.reserve({ id, amountNano: 10n, recipient: tab, purpose: 'test' })
        } catch (error) {
          if (codeOf(error) === 'ERR_LIMIT_EXCEEDED') return
          throw error
        }
        promised++
        // Every other one turns out to cost a tenth.
        if (promised % 2 === 0) await ledger.settle(id, 1n)
      }
    }
    await Promise.all(Array.from({ length: 6 }, caller))
    await ledger.close()
    return promised
  },

  promised: (): number => promised,

  async totals(name: string): Promise<{ total: number; reserved: number; open: number }> {
    const ledger = await openCapped(name, Number.MAX_SAFE_INTEGER)
    const { totalNano, reservedNano } = ledger.totals()
    const counts = ledger.openReservations().length
    await ledger.close()
    return { total: Number(totalNano), reserved: Number(reservedNano), open: counts }
  },

  /** Takes the lock and keeps it. */
  async hold(name: string): Promise<void> {
    const store = await open(name)
    await new Promise<void>((resolve) => {
      void store.withLock(() => {
        resolve()
        return new Promise(() => undefined)
      })
    })
  },

  /** Begins a transaction that takes a while, under the lock; resolves while it runs. */
  async beginLongAppend(name: string, replacing: boolean): Promise<void> {
    const store = await open(name)
    const records = Array.from({ length: LONG_RECORDS }, (_, index) => recordOf(`long ${index}`.padEnd(2000, '.')))
    await new Promise<void>((resolve) => {
      void store.withLock(async () => {
        const done = replacing ? store.compaction!.replace(records, records.slice(0, 10)) : store.append(records)
        resolve()
        await done
      })
    })
  },

  async append(name: string, words: readonly string[]): Promise<number> {
    const store = await open(name)
    const count = await store.withLock(() => store.append(words.map(recordOf)))
    await store.close()
    return count
  },

  /** Number of records, the first ones, and how many are archived. */
  async look(
    name: string,
    lockTimeoutMs?: number
  ): Promise<{ count: number; first: readonly string[]; archived: number }> {
    const store = await open(name, lockTimeoutMs)
    const words = await store.withLock(() => readAll(store))
    const archived = (await store.compaction!.readArchive(0)).length
    await store.close()
    return { count: words.length, first: words.slice(0, 3), archived }
  },

  /** As {@link look}, or the error's code. */
  tryLook: (name: string, lockTimeoutMs: number): Promise<unknown> => api.look(name, lockTimeoutMs).catch(codeOf),

  /** A database as the first version made it. @param keepOpen - Whether a tab of that version still uses it. */
  async makeOld(name: string, words: readonly string[], keepOpen: boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.open(name, 1)
      request.addEventListener('upgradeneeded', () => {
        const records = request.result.createObjectStore('records', { autoIncrement: true })
        for (const word of words) records.add(recordOf(word))
      })
      request.addEventListener('success', () => {
        if (!keepOpen) request.result.close()
        resolve()
      })
      request.addEventListener('error', () => reject(request.error ?? new Error('open')))
    })
  }
}

/** What a test calls. */
export type LedgerPage = typeof api

Object.assign(globalThis, { ledgerPage: api })
