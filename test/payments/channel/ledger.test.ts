/** The ledger: limits over windows, two phases, replay, and what a broken store leads to. The file's bytes: ledger-file.test.ts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryLedgerStore, openLedger, type Ledger } from '../../../src/payments/channel/index.js'
import { openFileLedgerStore } from '../../../src/runtime/node/ledger-file-store.js'
import type { LedgerStore } from '../../../src/runtime/ports/ledger-store.js'
import { FakeClock } from '../../support/fake-clock.js'
import { type OpenStore, runStoreCase, STORE_CASES } from './support/store-compliance.js'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cocoonkit-ledger-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** How to open the storage of one case: memory has one object, a file another handle each time. */
const stores: readonly (readonly [string, () => Promise<OpenStore>])[] = [
  [
    'memory',
    async () => {
      // Openers of one memory share it; closing is each one's own.
      const store = memoryLedgerStore()
      return async () => store
    }
  ],
  ['file', async () => () => openFileLedgerStore({ path: join(directory, 'ledger.log') })]
]

const reserve = (ledger: Ledger, id: string, amountNano: bigint, recipient = 'r'): Promise<void> =>
  ledger.reserve({ id, amountNano, recipient, purpose: 'test' })
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'ok',
    (error: { code?: string; field?: string }) => error.field ?? error.code
  )

describe.each(stores)('a %s store', (_name, open) => {
  it.each(STORE_CASES)('$name', { timeout: 60_000 }, async (storeCase) => runStoreCase(storeCase, await open()))
})

it('refuses limits that are none', async () => {
  await expect(
    openLedger({ store: memoryLedgerStore(), clock: new FakeClock(), limits: { totalNano: -1n } })
  ).rejects.toMatchObject({ code: 'ERR_OPTIONS', field: 'totalNano' })
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
