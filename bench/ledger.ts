/**
 * The ledger under load: processes on one file, killed at random and started again; nothing that was acknowledged may be
 * lost, and no cap exceeded at any record.
 *
 *   node bench/run.mjs ledger [--operations=1000000] [--processes=8] [--callers=64] [--kill-every-ms=1000] [--quick]
 *
 * Exits 1 on any fault.
 */
import { join } from 'node:path'
import { mostReservedNano, soak } from '../test/payments/channel/support/soak.js'

const option = (name: string, otherwise: number): number =>
  Number(process.argv.find((argument) => argument.startsWith(`--${name}=`))?.split('=')[1] ?? otherwise)

const processes = option('processes', 8)
const callers = option('callers', 64)
const operations = option('operations', process.argv.includes('--quick') ? 5000 : 50_000)
let told = 0
const result = await soak({
  workerSource: join(process.cwd(), 'test/payments/channel/support/soak-worker.ts'),
  operations,
  processes,
  callers,
  // A third of the callers, and what they will have spent: the cap refuses all the time.
  capNano: mostReservedNano({ processes, callers }) / 3n + BigInt(operations),
  compactAfterRecords: option('compact-after', 16_384),
  killEveryMs: option('kill-every-ms', 1000),
  random: Math.random,
  onProgress: (done, kills) => {
    if (Math.floor((done * 10) / operations) <= told) return
    told = Math.floor((done * 10) / operations)
    console.log(`  ${done} operations, ${kills} kills`)
  }
})
console.log(JSON.stringify(result, undefined, 2))
console.log(`${Math.round(result.operations / result.seconds)} acknowledged operations a second`)
process.exit(result.faults.length > 0 ? 1 : 0)
