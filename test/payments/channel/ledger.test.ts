/** The ledger: limits over windows, two phases, replay, and what a broken store leads to. */
import { mkdtemp, readFile, rm, writeFile, appendFile, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryLedgerStore, openLedger, type Ledger, type SpendingLimits } from '../../../src/payments/channel/index.js'
import { openFileLedgerStore } from '../../../src/runtime/node/ledger-file-store.js'
import type { LedgerStore } from '../../../src/runtime/ports/ledger-store.js'
import { FakeClock } from '../../support/fake-clock.js'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cocoonkit-ledger-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const stores: readonly (readonly [string, () => Promise<LedgerStore>])[] = [
  ['memory', async () => memoryLedgerStore()],
  ['file', () => openFileLedgerStore({ path: join(directory, 'ledger.log') })]
]

const reserve = (ledger: Ledger, id: string, amountNano: bigint, recipient = 'r'): Promise<void> =>
  ledger.reserve({ id, amountNano, recipient, purpose: 'test' })
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'ok',
    (error: { code?: string; field?: string }) => error.field ?? error.code
  )

describe.each(stores)('limits on a %s store', (_name, open) => {
  const start = async (limits: SpendingLimits): Promise<{ ledger: Ledger; clock: FakeClock; store: LedgerStore }> => {
    const [clock, store] = [new FakeClock(), await open()]
    return { ledger: await openLedger({ store, clock, limits }), clock, store }
  }

  it('holds every cap, and names the one that is broken', async () => {
    const { ledger, clock } = await start({
      perRequestNano: 50n,
      perMinuteNano: 100n,
      perDayNano: 180n,
      totalNano: 400n,
      perRecipientNano: 150n
    })
    expect(await code(reserve(ledger, '1', 51n))).toBe('perRequestNano')
    expect(await code(reserve(ledger, '2', 50n))).toBe('ok')
    expect(await code(reserve(ledger, '3', 50n))).toBe('ok')
    expect(await code(reserve(ledger, '4', 1n))).toBe('perMinuteNano')
    await clock.advance(60_000)
    expect(await code(reserve(ledger, '5', 50n))).toBe('ok')
    expect(await code(reserve(ledger, '6', 1n))).toBe('perRecipientNano')
    expect(await code(reserve(ledger, '7', 31n, 'other'))).toBe('perDayNano')
    expect(await code(reserve(ledger, '8', 30n, 'other'))).toBe('ok')
    await clock.advance(86_400_000)
    for (const id of ['9', '10', '11']) {
      expect(await code(reserve(ledger, id, 50n, id))).toBe('ok')
      await clock.advance(60_000)
    }
    expect(ledger.totals()).toEqual({ minuteNano: 0n, dayNano: 150n, totalNano: 330n, reservedNano: 330n })
  })

  it('frees on settlement what was not spent, at the time of the reservation', async () => {
    const { ledger, clock } = await start({ perMinuteNano: 100n, totalNano: 150n })
    await reserve(ledger, 'a', 100n)
    await ledger.settle('a', 30n)
    await clock.advance(59_000)
    expect(await code(reserve(ledger, 'b', 71n))).toBe('perMinuteNano')
    await reserve(ledger, 'b', 70n)
    await clock.advance(1001)
    expect(ledger.totals()).toEqual({ minuteNano: 70n, dayNano: 100n, totalNano: 100n, reservedNano: 70n })
    await ledger.release('b')
    expect(ledger.totals()).toMatchObject({ totalNano: 30n, reservedNano: 0n })
    // More than reserved is the truth too, and stops what comes after.
    await reserve(ledger, 'c', 1n)
    await ledger.settle('c', 500n)
    expect(await code(reserve(ledger, 'd', 1n))).toBe('perMinuteNano')
  })

  it('refuses a second settlement, an unknown one and a used id', async () => {
    const { ledger } = await start({})
    await reserve(ledger, 'a', 5n)
    expect(await code(reserve(ledger, 'a', 5n))).toBe('ERR_LEDGER')
    await ledger.settle('a', 5n)
    expect([await code(ledger.settle('a', 1n)), await code(ledger.release('x'))]).toEqual(['ERR_LEDGER', 'ERR_LEDGER'])
    expect(await code(reserve(ledger, 'n', 1 as unknown as bigint))).toBe('amountNano')
    await expect(
      openLedger({ store: memoryLedgerStore(), clock: new FakeClock(), limits: { totalNano: -1n } })
    ).rejects.toMatchObject({ code: 'ERR_OPTIONS', field: 'totalNano' })
  })

  it('several ledgers on one store never exceed a cap together', async () => {
    const { store, clock } = await start({})
    const ledgers = await Promise.all([1, 2, 3, 4].map(() => openLedger({ store, clock, limits: { totalNano: 100n } })))
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) => code(reserve(ledgers[index % 4] as Ledger, `i${index}`, 7n)))
    )
    expect(results.filter((result) => result === 'ok')).toHaveLength(14)
    const last = await openLedger({ store, clock })
    expect(last.totals().totalNano).toBe(98n)
  })

  it('a clock that is set back opens no window', async () => {
    const store = await open()
    const late = await openLedger({ store, clock: new FakeClock(10_000_000), limits: { perMinuteNano: 10n } })
    await reserve(late, 'a', 10n)
    const early = await openLedger({ store, clock: new FakeClock(9_000_000), limits: { perMinuteNano: 10n } })
    expect(await code(reserve(early, 'b', 1n))).toBe('perMinuteNano')
  })

  it('replays to the same state from the records of any prefix', async () => {
    const { ledger, store, clock } = await start({ totalNano: 1000n })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), fc.nat(20)), { maxLength: 12 }), async (steps) => {
        for (const [kind, amount] of steps) {
          const openIds = ledger.openReservations().map((entry) => entry.id)
          if (kind <= 1) await reserve(ledger, `p${Math.random()}`, BigInt(amount)).catch(() => undefined)
          else if (openIds[0] !== undefined) await ledger.settle(openIds[0], BigInt(amount))
          await clock.advance(amount * 1000)
        }
        const again = await openLedger({ store, clock })
        expect(again.totals()).toEqual(ledger.totals())
        expect(again.openReservations()).toEqual(ledger.openReservations())
      }),
      { numRuns: 8 }
    )
  })
})

describe('journal, charges and receipts', () => {
  it('keeps intents with their outcome; a final outcome stays', async () => {
    const [store, clock] = [memoryLedgerStore(), new FakeClock()]
    const ledger = await openLedger({ store, clock })
    const intent = { id: 'i', kind: 'withdraw', contract: '0:aa', queryId: 5n, valueNano: 7n, validUntilUnix: 9 }
    await ledger.recordIntent(intent)
    expect(await code(ledger.recordIntent(intent))).toBe('ERR_LEDGER')
    await ledger.recordOutcome('i', 'sent')
    await ledger.recordOutcome('i', 'failed', 1003)
    await ledger.recordOutcome('i', 'done')
    const again = await openLedger({ store, clock })
    expect(again.journal('0:aa')).toEqual([
      {
        intent: expect.objectContaining(intent),
        outcome: expect.objectContaining({ result: 'failed', exitCode: 1003 })
      }
    ])
    await ledger.recordCharge({ contract: 'c', tokens: 5n, boc: 'aa' })
    await ledger.recordCharge({ contract: 'c', tokens: 4n, boc: 'bb' })
    expect(ledger.bestCharge('c')).toMatchObject({ tokens: 5n, boc: 'aa' })
  })

  it('ends when its store fails in the middle, instead of guessing', async () => {
    const inner = memoryLedgerStore()
    let failing = false
    const store: LedgerStore = {
      ...inner,
      append: (records) => (failing ? Promise.reject(new Error('disk full')) : inner.append(records))
    }
    const ledger = await openLedger({ store, clock: new FakeClock(), limits: { totalNano: 10n } })
    failing = true
    expect(await code(reserve(ledger, 'a', 10n))).toBe('ERR_LEDGER')
    failing = false
    expect(await code(reserve(ledger, 'b', 1n))).toBe('ERR_LEDGER')
    const fresh = await openLedger({ store, clock: new FakeClock(), limits: { totalNano: 10n } })
    expect(await code(reserve(fresh, 'b', 10n))).toBe('ok')
  })
})

describe('the ledger file', () => {
  const path = (): string => join(directory, 'ledger.log')
  const openFile = async (): Promise<Ledger> =>
    openLedger({
      store: await openFileLedgerStore({ path: path() }),
      clock: new FakeClock(),
      limits: { totalNano: 1000n }
    })

  it('survives a cut at every byte of its last record, losing only that record', async () => {
    const ledger = await openFile()
    await reserve(ledger, 'a', 1n)
    const whole = (await readFile(path())).length
    await reserve(ledger, 'b', 2n)
    await ledger.close()
    const bytes = await readFile(path())
    for (let length = whole; length < bytes.length; length += 9) {
      await writeFile(path(), bytes.subarray(0, length))
      const again = await openFile()
      expect(again.totals().totalNano).toBe(1n)
      await reserve(again, 'c', 5n)
      expect((await openFile()).totals().totalNano).toBe(6n)
      await again.close()
    }
  })

  it('refuses a file that is damaged before its end, or became shorter', async () => {
    const ledger = await openFile()
    await reserve(ledger, 'a', 1n)
    await reserve(ledger, 'b', 1n)
    const bytes = await readFile(path())
    bytes[12] = (bytes[12] ?? 0) ^ 1
    await writeFile(path(), bytes)
    await expect(openFile()).rejects.toMatchObject({ code: 'ERR_LEDGER' })
    await truncate(path(), 3)
    await expect(ledger.refresh()).rejects.toMatchObject({ code: 'ERR_LEDGER' })
  })

  it('takes the lock over from a process that is gone, and waits for one that lives', async () => {
    const { mkdir } = await import('node:fs/promises')
    const { hostname } = await import('node:os')
    await mkdir(`${path()}.lock`)
    await writeFile(`${path()}.lock/7`, `${hostname()} 999999999 1`)
    const ledger = await openFile()
    await reserve(ledger, 'a', 1n)
    await writeFile(`${path()}.lock/999`, `${hostname()} ${process.ppid} `)
    const waiting = openLedger({
      store: await openFileLedgerStore({ path: path(), lockTimeoutMs: 50 }),
      clock: new FakeClock()
    })
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_LEDGER_LOCKED', retryable: true })
    await appendFile(`${path()}.lock/999`, '')
  })
})
