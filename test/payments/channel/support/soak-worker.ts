/**
 * One process of the soak: callers that reserve, settle and store receipts until they are told to stop, each telling its
 * parent what it was promised, the moment it was. Every record that this process stores is checked under the lock against
 * sums of its own, which share no code with the ledger.
 *
 *   node soak-worker.mjs '{"path", "name", "capNano", "callers", "compactAfterRecords"}'
 */
import { writeSync } from 'node:fs'
import { openLedger } from '../../../../src/payments/channel/ledger.js'
import { openFileLedgerStore } from '../../../../src/runtime/node/ledger-file-store.js'
import type { LedgerStore } from '../../../../src/runtime/ports/ledger-store.js'
import { systemClock } from '../../../../src/runtime/shared/index.js'
import { AMOUNT_NANO, RECEIPT, type SoakTask, SPENT_NANO } from './soak-plan.js'

const task = JSON.parse(process.argv[2] ?? '{}') as SoakTask
const capNano = BigInt(task.capNano)

/** Sums over the records that pass. */
class Witness {
  #open = new Map<string, bigint>()
  #total = 0n
  peakNano = 0n

  see(bytes: Uint8Array): void {
    const { type, id, amountNano, spentNano: spent } = JSON.parse(new TextDecoder().decode(bytes))
    if (type === 'reserve') {
      this.#open.set(id, BigInt(amountNano))
      this.#total += BigInt(amountNano)
    } else if (type === 'settle') {
      this.#total += BigInt(spent) - (this.#open.get(id) ?? 0n)
      this.#open.delete(id)
    } else if (type === 'spent') this.#total += BigInt(spent)
    if (this.#total > this.peakNano) this.peakNano = this.#total
    if (this.#total > capNano) {
      writeSync(1, `exceeded ${this.#total}\n`)
      process.exit(3)
    }
  }

  wrap(store: LedgerStore): LedgerStore {
    return {
      compaction: store.compaction,
      withLock: (critical) => store.withLock(critical),
      close: () => store.close(),
      read: async (fromIndex) => {
        const records = await store.read(fromIndex)
        if (fromIndex === 0) {
          this.#open = new Map()
          this.#total = 0n
        }
        for (const record of records) this.see(record)
        return records
      },
      append: async (records) => {
        const count = await store.append(records)
        for (const record of records) this.see(record)
        return count
      }
    }
  }
}

const witness = new Witness()
const ledger = await openLedger({
  store: witness.wrap(await openFileLedgerStore({ path: task.path, lockTimeoutMs: 120_000 })),
  clock: systemClock,
  limits: { totalNano: capNano },
  compactAfterRecords: task.compactAfterRecords
})
let refused = 0
let next = 0
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
const tell = (what: string, id: string): void => void writeSync(1, `${what} ${id}\n`)

async function caller(): Promise<void> {
  while (!stop.signal.aborted) {
    const id = `${task.name}-${next++}`
    try {
      await ledger.reserve({ id, amountNano: AMOUNT_NANO, recipient: task.name, purpose: 'soak' })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_LIMIT_EXCEEDED') throw error
      refused++
      await new Promise((resolve) => setTimeout(resolve, 20))
      continue
    }
    tell('r', id)
    await Promise.all([
      ledger.settle(id, SPENT_NANO).then(() => tell('s', id)),
      ledger.recordReceipt(id, RECEIPT).then(() => tell('c', id))
    ])
  }
}

await Promise.all(Array.from({ length: task.callers }, caller))
await ledger.close()
const { rss } = process.memoryUsage()
writeSync(1, `end ${JSON.stringify({ refused, rss, peakNano: String(witness.peakNano) })}\n`)
