/** Several processes on one ledger file, some of them killed at any moment: the cap holds and no promised record is lost. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { openLedger } from '../../../src/payments/channel/index.js'
import { openFileLedgerStore } from '../../../src/runtime/node/ledger-file-store.js'
import { decodeRecord } from '../../../src/payments/channel/ledger-records.js'
import { FakeClock } from '../../support/fake-clock.js'

const PROCESSES = Number(process.env['LEDGER_PROCESSES'] ?? 4)
const OPERATIONS = Number(process.env['LEDGER_OPERATIONS'] ?? 160)

interface Run {
  readonly child: ChildProcess
  readonly promised: Set<string>
  readonly ended: Promise<number | null>
}

function start(script: string, args: readonly string[]): Run {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const promised = new Set<string>()
  let rest = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) promised.add(line)
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', (status) => resolve(status)))
  return { child, promised, ended }
}

it('holds the cap and keeps every promise', { timeout: 600_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cocoonkit-ledger-'))
  try {
    const script = join(directory, 'worker.mjs')
    await build({
      entryPoints: [fileURLToPath(new URL('./ledger-worker.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: script,
      logLevel: 'error'
    })
    const path = join(directory, 'ledger.log')
    const capNano = BigInt(Math.floor((PROCESSES * OPERATIONS * 3) / 2))
    const runs = Array.from({ length: PROCESSES }, (_, index) =>
      start(script, [path, `p${index}`, String(OPERATIONS), String(capNano)])
    )
    // Half of them die as soon as they have promised something, wherever they are then.
    for (const run of runs.slice(0, PROCESSES / 2))
      run.child.stdout?.once('data', () => setImmediate(() => run.child.kill('SIGKILL')))
    const statuses = await Promise.all(runs.map((run) => run.ended))
    expect(statuses.slice(PROCESSES / 2)).toEqual(statuses.slice(PROCESSES / 2).map(() => 0))

    const store = await openFileLedgerStore({ path })
    const stored = new Set(
      (await store.read(0)).flatMap((bytes) => {
        const record = decodeRecord(bytes)
        return record?.type === 'reserve' ? [record.id] : []
      })
    )
    for (const run of runs) for (const id of run.promised) expect(stored.has(id), id).toBe(true)
    const ledger = await openLedger({ store, clock: new FakeClock(0) })
    expect(ledger.totals().totalNano).toBeLessThanOrEqual(capNano)
    expect(stored.size).toBeGreaterThan(OPERATIONS)
    await ledger.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
