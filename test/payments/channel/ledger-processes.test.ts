/**
 * Several processes on one ledger file, killed at any moment: the cap holds at every record and no promised record is lost.
 * The long run is `node bench/run.mjs ledger --operations=1000000`.
 */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { mostReservedNano, soak } from './support/soak.js'
import { SeededRandom } from '../../support/seeded-random.js'

const PROCESSES = 4
const CALLERS = 16
const OPERATIONS = Number(process.env['LEDGER_OPERATIONS'] ?? 1500)

it('holds the cap and keeps every promise', { timeout: 120_000 + OPERATIONS }, async () => {
  const random = new SeededRandom(5)
  const result = await soak({
    workerSource: fileURLToPath(new URL('./support/soak-worker.ts', import.meta.url)),
    operations: OPERATIONS,
    processes: PROCESSES,
    callers: CALLERS,
    capNano: mostReservedNano({ processes: PROCESSES, callers: CALLERS }) / 3n + BigInt(OPERATIONS),
    compactAfterRecords: 200,
    killEveryMs: 400,
    random: () => (random.bytes(1)[0] ?? 0) / 256
  })
  expect(result.faults).toEqual([])
  expect(result.operations).toBeGreaterThanOrEqual(OPERATIONS)
  expect(result.kills).toBeGreaterThan(0)
  // It was compacted while they were killed.
  expect(result.logRecords).toBeLessThan(result.operations * 0.8)
})
