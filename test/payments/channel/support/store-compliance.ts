/**
 * What every ledger store must do, and what a ledger on it does: one list for memory, file and IndexedDB. Portable, so that
 * the same cases run under vitest and in a browser's page.
 *
 * @module
 */
import { type Ledger, type LedgerOptions, openLedger } from '../../../../src/payments/channel/ledger.js'
import { memoryLedgerStore } from '../../../../src/payments/channel/memory-ledger-store.js'
import type { SpendingLimits } from '../../../../src/payments/channel/spending.js'
import type { Clock } from '../../../../src/runtime/ports/clock.js'
import type { LedgerStore } from '../../../../src/runtime/ports/ledger-store.js'
import { SeededRandom } from '../../../support/seeded-random.js'

/** Opens the one storage of a case; every time another object, as another process or tab would. */
export type OpenStore = () => Promise<LedgerStore>

/** One behaviour. Throws when it is not there. */
export interface StoreCase {
  readonly name: string
  run(open: OpenStore): Promise<void>
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item)) ?? 'undefined'

function same(actual: unknown, expected: unknown, what = ''): void {
  if (show(actual) !== show(expected)) throw new Error(`${what} expected ${show(expected)}, got ${show(actual)}`)
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (...words: readonly string[]): Uint8Array[] => words.map((word) => new TextEncoder().encode(word))

/** A clock that moves when told to; in a page too. */
class StillClock implements Clock {
  #nowMs: number

  constructor(nowMs: number = Date.UTC(2026, 3, 10)) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  setTimer(): () => void {
    throw new Error('a ledger needs no timer')
  }

  async advance(ms: number): Promise<void> {
    this.#nowMs += ms
  }
}

/** All records of a store, as words. */
export async function readAll(store: LedgerStore, fromIndex = 0): Promise<string[]> {
  const words: string[] = []
  for (;;) {
    const records = await store.read(fromIndex + words.length)
    if (records.length === 0) return words
    words.push(...records.map(text))
  }
}

const reserve = (ledger: Ledger, id: string, amountNano: bigint, recipient = 'r'): Promise<void> =>
  ledger.reserve({ id, amountNano, recipient, purpose: 'test' })
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'ok',
    (error: { code?: string; field?: string; message: string }) => error.field ?? error.code ?? error.message
  )

async function start(
  open: OpenStore,
  limits: SpendingLimits = {}
): Promise<{ ledger: Ledger; clock: StillClock; store: LedgerStore }> {
  const [clock, store] = [new StillClock(), await open()]
  return { ledger: await openLedger({ store, clock, limits }), clock, store }
}

function countReplacements(store: LedgerStore, counted: { replaced: number }): LedgerStore {
  const { compaction } = store
  if (compaction === undefined) throw new Error('this store cannot be compacted')
  return {
    read: (fromIndex) => store.read(fromIndex),
    append: (records) => store.append(records),
    withLock: (critical) => store.withLock(critical),
    close: () => store.close(),
    compaction: {
      generation: () => compaction.generation(),
      readArchive: (fromIndex) => compaction.readArchive(fromIndex),
      replace: (records, archived) => {
        counted.replaced++
        return compaction.replace(records, archived)
      }
    }
  }
}

/** What can be asked of a ledger, now and at later times, so that windows show too. */
async function stateOf(ledger: Ledger, clock: StillClock): Promise<unknown> {
  await ledger.refresh()
  const receipts: string[] = []
  for await (const { id } of ledger.readReceipts()) receipts.push(id)
  const { totalNano, reservedNano } = ledger.totals()
  return {
    now: clock.now(),
    ...ledger.totals(),
    totalNano,
    reservedNano,
    open: ledger.openReservations(),
    journal: ledger.journal(),
    charges: ['c0', 'c1'].map((contract) => ledger.bestCharge(contract)),
    receipts
  }
}

/** A random step of a ledger's life; the same for the same source of randomness. */
async function step(ledger: Ledger, clock: StillClock, random: SeededRandom, number: number): Promise<void> {
  const [kind = 0, amount = 0, pick = 0] = random.bytes(3)
  const openIds = ledger.openReservations().map(({ id }) => id)
  const id = `i${number}`
  if (kind < 100) await code(reserve(ledger, id, BigInt(amount % 20), `r${pick % 3}`))
  else if (kind < 205 && openIds.length > 0) await ledger.settle(openIds[pick % openIds.length]!, BigInt(amount % 25))
  else if (kind < 212) await ledger.recordReceipt(id, `{"n":${number}}`)
  else if (kind < 225) await ledger.recordCharge({ contract: `c${pick % 2}`, tokens: BigInt(amount), boc: 'aa' })
  else if (kind < 228)
    await ledger.recordIntent({ id, kind: 'k', contract: 'c', queryId: 1n, valueNano: 2n, validUntilUnix: 3 })
  else if (kind < 234) {
    const entry = ledger.journal()[pick % Math.max(1, ledger.journal().length)]
    if (entry !== undefined) await ledger.recordOutcome(entry.intent.id, amount % 2 === 0 ? 'sent' : 'failed', amount)
  } else await clock.advance(pick % 4 === 0 ? amount * 400_000 : amount * 300)
}

const storeCases: readonly StoreCase[] = [
  {
    name: 'gives records back in order, from any index, to every opener',
    async run(open) {
      const [first, second] = [await open(), await open()]
      same(await readAll(first), [])
      same(await first.withLock(() => first.append(bytes('a', 'b'))), 2)
      same(await second.withLock(() => second.append(bytes('c'))), 3)
      for (const store of [first, second, await open()]) {
        same(await readAll(store), ['a', 'b', 'c'])
        same(await readAll(store, 1), ['b', 'c'])
        same(await readAll(store, 3), [])
      }
      await first.withLock(async () => {
        same(await first.append([]), 3)
      })
    }
  },
  {
    name: 'keeps copies',
    async run(open) {
      const store = await open()
      const record = bytes('abc')[0]!
      await store.withLock(() => store.append([record]))
      record.fill(0)
      const read = (await store.read(0))[0]!
      same(text(read), 'abc')
      read.fill(0)
      same(await readAll(store), ['abc'])
    }
  },
  {
    name: 'stores large and many records in one append',
    async run(open) {
      const [store, other] = [await open(), await open()]
      const words = Array.from({ length: 3000 }, (_, index) => `${index}`.padEnd(index % 500 === 0 ? 600_000 : 20, '.'))
      same(await store.withLock(() => store.append(bytes(...words))), 3000)
      same((await readAll(other)).join(), words.join())
      same((await readAll(other, 2500)).length, 500)
      same(await other.withLock(() => other.append(bytes('end'))), 3001)
    }
  },
  {
    name: 'lets one in at a time, and frees the lock after a failure',
    async run(open) {
      const stores = [await open(), await open()]
      let inside = 0
      let count = 0
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const store = stores[index % 2]!
          return store.withLock(async () => {
            same(++inside, 1)
            const seen = count
            same(await store.append(bytes('x')), seen + 1)
            count = seen + 1
            inside--
          })
        })
      )
      same(count, 20)
      same(await code(stores[0]!.withLock(() => Promise.reject(new Error('mine')))), 'mine')
      same(await stores[1]!.withLock(async () => 'free'), 'free')
    }
  },
  {
    name: 'refuses when closed',
    async run(open) {
      const store = await open()
      await store.close()
      await store.close()
      same(await code(Promise.resolve().then(() => store.read(0))), 'ERR_CLOSED')
      same(await code(Promise.resolve().then(() => store.withLock(async () => 1))), 'ERR_CLOSED')
    }
  },
  {
    name: 'replaces its log, and tells every opener',
    async run(open) {
      const [first, second] = [await open(), await open()]
      const generation = (store: LedgerStore): Promise<number> => store.withLock(() => store.compaction!.generation())
      const archive = (store: LedgerStore, from: number): Promise<string[]> =>
        store.withLock(async () => (await store.compaction!.readArchive(from)).map(text))
      await first.withLock(() => first.append(bytes('a', 'b', 'c', 'd')))
      const before = [await generation(first), await generation(second)]
      same(await first.withLock(() => first.compaction!.replace(bytes('sum'), bytes('a', 'b'))), 1)
      for (const [index, store] of [first, second].entries()) {
        if ((await generation(store)) === before[index]) throw new Error('the generation is the same')
        same(await readAll(store), ['sum'])
        same(await archive(store, 0), ['a', 'b'])
      }
      same(await second.withLock(() => second.append(bytes('e'))), 2)
      same(await readAll(first), ['sum', 'e'])
      await second.withLock(() => second.compaction!.replace(bytes('sum2', 'x'), bytes('c')))
      same(await archive(first, 1), ['b', 'c'])
      same(await archive(first, 3), [])
      same(await readAll(await open(), 1), ['x'])
    }
  }
]

const ledgerCases: readonly StoreCase[] = [
  {
    name: 'holds every cap, and names the one that is broken',
    async run(open) {
      const limits = {
        perRequestNano: 50n,
        perMinuteNano: 100n,
        perDayNano: 180n,
        totalNano: 400n,
        perRecipientNano: 150n
      }
      const { ledger, clock } = await start(open, limits)
      const results = [await code(reserve(ledger, '1', 51n))]
      for (const [id, amount] of [
        ['2', 50n],
        ['3', 50n],
        ['4', 1n]
      ] as const)
        results.push(await code(reserve(ledger, id, amount)))
      await clock.advance(60_000)
      results.push(await code(reserve(ledger, '5', 50n)), await code(reserve(ledger, '6', 1n)))
      results.push(await code(reserve(ledger, '7', 31n, 'other')), await code(reserve(ledger, '8', 30n, 'other')))
      same(results, ['perRequestNano', 'ok', 'ok', 'perMinuteNano', 'ok', 'perRecipientNano', 'perDayNano', 'ok'])
      await clock.advance(86_400_000)
      for (const id of ['9', '10', '11']) {
        same(await code(reserve(ledger, id, 50n, id)), 'ok')
        await clock.advance(60_000)
      }
      same(ledger.totals(), { minuteNano: 0n, dayNano: 150n, totalNano: 330n, reservedNano: 330n })
    }
  },
  {
    name: 'frees on settlement what was not spent, at the time of the reservation',
    async run(open) {
      const { ledger, clock } = await start(open, { perMinuteNano: 100n, totalNano: 150n })
      await reserve(ledger, 'a', 100n)
      await ledger.settle('a', 30n)
      await clock.advance(59_000)
      same(await code(reserve(ledger, 'b', 71n)), 'perMinuteNano')
      await reserve(ledger, 'b', 70n)
      await clock.advance(1001)
      same(ledger.totals(), { minuteNano: 70n, dayNano: 100n, totalNano: 100n, reservedNano: 70n })
      await ledger.release('b')
      same([ledger.totals().totalNano, ledger.totals().reservedNano], [30n, 0n])
      // More than reserved is the truth too, and stops what comes after.
      await reserve(ledger, 'c', 1n)
      await ledger.settle('c', 500n)
      same(await code(reserve(ledger, 'd', 1n)), 'perMinuteNano')
    }
  },
  {
    name: 'refuses a second settlement, an unknown one and a used id',
    async run(open) {
      const { ledger } = await start(open)
      await reserve(ledger, 'a', 5n)
      same(await code(reserve(ledger, 'a', 5n)), 'ERR_LEDGER')
      await ledger.settle('a', 5n)
      same([await code(ledger.settle('a', 1n)), await code(ledger.release('x'))], ['ERR_LEDGER', 'ERR_LEDGER'])
      same(await code(reserve(ledger, 'n', 1 as unknown as bigint)), 'amountNano')
    }
  },
  {
    name: 'several ledgers never exceed a cap together',
    async run(open) {
      const clock = new StillClock()
      const ledgers = await Promise.all(
        [1, 2, 3, 4].map(async () => openLedger({ store: await open(), clock, limits: { totalNano: 100n } }))
      )
      const results = await Promise.all(
        Array.from({ length: 60 }, (_, index) => code(reserve(ledgers[index % 4]!, `i${index}`, 7n)))
      )
      same(results.filter((result) => result === 'ok').length, 14)
      const last = await openLedger({ store: await open(), clock })
      same(last.totals().totalNano, 98n)
    }
  },
  {
    name: 'a clock that is set back opens no window',
    async run(open) {
      const limits = { perMinuteNano: 10n }
      const late = await openLedger({ store: await open(), clock: new StillClock(10_000_000), limits })
      await reserve(late, 'a', 10n)
      const early = await openLedger({ store: await open(), clock: new StillClock(9_000_000), limits })
      same(await code(reserve(early, 'b', 1n)), 'perMinuteNano')
    }
  },
  {
    name: 'says the same after every compaction as without one, to every opener, now and later',
    async run(open) {
      const random = [1, 2].map(() => new SeededRandom(7))
      const clocks = [1, 2].map(() => new StillClock())
      const limits = { perMinuteNano: 300n, perDayNano: 2000n }
      const plain = await openLedger({
        store: memoryLedgerStore(),
        clock: clocks[0]!,
        limits,
        compactAfterRecords: Infinity
      })
      const options = async (): Promise<LedgerOptions> => ({
        store: await open(),
        clock: clocks[1]!,
        limits,
        compactAfterRecords: 12
      })
      const counted = { replaced: 0 }
      const [mine, watching] = [await options(), await openLedger(await options())]
      const compacting = await openLedger({ ...mine, store: countReplacements(mine.store, counted) })
      for (let number = 0; number < 200; number++) {
        await step(plain, clocks[0]!, random[0]!, number)
        await step(compacting, clocks[1]!, random[1]!, number)
        const expected = await stateOf(plain, clocks[0]!)
        same(await stateOf(compacting, clocks[1]!), expected, `step ${number}, the writer:`)
        if (number % 5 !== 0) continue
        same(await stateOf(watching, clocks[1]!), expected, `step ${number}, a reader:`)
        const { store } = await options()
        const late = await openLedger({ store, clock: clocks[1]!, limits, compactAfterRecords: Infinity })
        same(await stateOf(late, clocks[1]!), expected, `step ${number}, a newcomer:`)
      }
      if (counted.replaced < 3) throw new Error(`the log was compacted ${counted.replaced} times`)
      for (const laterMs of [500, 30_000, 40_000, 43_000_000, 43_400_000]) {
        for (const clock of clocks) await clock.advance(laterMs)
        same(await stateOf(compacting, clocks[1]!), await stateOf(plain, clocks[0]!), 'later:')
      }
    }
  },
  {
    name: 'keeps every receipt while the log stays short',
    async run(open) {
      const clock = new StillClock()
      const [writer, reader] = [
        await openLedger({ store: await open(), clock, compactAfterRecords: 2000 }),
        await openLedger({ store: await open(), clock, compactAfterRecords: 2000 })
      ]
      const ids: string[] = []
      const write = async (count: number): Promise<void> => {
        const fresh = Array.from({ length: count }, (_, index) => `n${ids.length + index}`)
        ids.push(...fresh)
        await Promise.all(fresh.map((id) => writer.recordReceipt(id, '{}')))
      }
      for (let round = 0; round < 5; round++) await write(600)
      const read: string[] = []
      for await (const { id } of reader.readReceipts()) {
        read.push(id)
        // In the middle of the reading the log is replaced, twice.
        if (read.length === 1500) for (let round = 0; round < 5; round++) await write(600)
      }
      same(read, ids)
      await reader.refresh()
      same(reader.receipts().at(-1)?.id, ids.at(-1))
      if (reader.receipts().length > 2600) throw new Error('the log was not compacted')
    }
  }
]

/** All cases. */
export const STORE_CASES: readonly StoreCase[] = [...storeCases, ...ledgerCases]

/** Runs a case on a fresh storage, and closes whatever it opened. */
export async function runStoreCase(storeCase: StoreCase, open: OpenStore): Promise<void> {
  const opened: LedgerStore[] = []
  try {
    await storeCase.run(async () => {
      const store = await open()
      opened.push(store)
      return store
    })
  } finally {
    await Promise.all(opened.map((store) => store.close()))
  }
}
