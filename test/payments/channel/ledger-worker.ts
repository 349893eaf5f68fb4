/** One process of ledger-processes.test.ts: reserves and settles until its count is reached, telling each reservation that it was promised. */
import { openFileLedgerStore } from '../../../src/runtime/node/ledger-file-store.js'
import { systemClock } from '../../../src/runtime/shared/index.js'
import { openLedger } from '../../../src/payments/channel/ledger.js'

const [path = '', name = '', count = '0', cap = '0'] = process.argv.slice(2)
const ledger = await openLedger({
  store: await openFileLedgerStore({ path, lockTimeoutMs: 30_000 }),
  clock: systemClock,
  limits: { totalNano: BigInt(cap) }
})
const one = async (index: number): Promise<void> => {
  const id = `${name}-${index}`
  try {
    await ledger.reserve({ id, amountNano: 3n, recipient: name, purpose: 'test' })
    process.stdout.write(`${id}\n`)
    if (index % 4 === 0) await ledger.settle(id, 1n)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_LIMIT_EXCEEDED') throw error
  }
}
// Eight callers at a time: what they want is stored with one fsync.
for (let index = 0; index < Number(count); index += 8)
  await Promise.all(Array.from({ length: 8 }, (_, offset) => one(index + offset)))
await ledger.close()
