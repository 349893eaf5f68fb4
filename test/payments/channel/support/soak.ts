/**
 * The soak: several processes on one ledger file, killed at random and started again, until a number of operations was
 * acknowledged. Then everything that was acknowledged is looked for in the file, and the sums are checked to the nano.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { openLedger } from '../../../../src/payments/channel/ledger.js'
import { LedgerState } from '../../../../src/payments/channel/ledger-state.js'
import { openFileLedgerStore } from '../../../../src/runtime/node/ledger-file-store.js'
import { systemClock } from '../../../../src/runtime/shared/index.js'
import { AMOUNT_NANO, type SoakTask, SPENT_NANO } from './soak-plan.js'

export interface SoakOptions {
  readonly workerSource: string
  readonly operations: number
  readonly processes: number
  readonly callers: number
  readonly capNano: bigint
  readonly compactAfterRecords: number
  /** Mean time between kills. */
  readonly killEveryMs: number
  /** 0 up to 1. */
  readonly random: () => number
  readonly onProgress?: (operations: number, kills: number) => void
}

export interface SoakResult {
  readonly operations: number
  readonly kills: number
  readonly refused: number
  /** The most that was counted at any record, nanotons. */
  readonly peakNano: string
  /** What must be empty. */
  readonly faults: readonly string[]
  readonly seconds: number
  readonly maxRssBytes: number
  /** Records left in the log. */
  readonly logRecords: number
  readonly logBytes: number
  readonly archiveBytes: number
  readonly receipts: number
}

/** One life of one process. */
interface Life {
  readonly name: string
  readonly reserved: Set<string>
  readonly settled: Set<string>
  readonly receipts: Set<string>
  wasKilled: boolean
}

interface RunningLife {
  readonly kill: () => void
  /** Asks for an orderly end. */
  readonly stop: () => void
  readonly wasKilled: () => boolean
  readonly ended: Promise<void>
}

/** Runs it. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const directory = await mkdtemp(join(tmpdir(), 'cocoonkit-soak-'))
  try {
    return await run(options, directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function run(options: SoakOptions, directory: string): Promise<SoakResult> {
  const script = join(directory, 'worker.mjs')
  await build({
    entryPoints: [options.workerSource],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    logLevel: 'error'
  })
  const path = join(directory, 'ledger.log')
  const started = performance.now()
  const lives: Life[] = []
  const faults: string[] = []
  let peakNano = 0n
  let [operations, kills, refused, maxRssBytes] = [0, 0, 0, 0]
  const janitor = await openLedger({
    store: await openFileLedgerStore({ path, lockTimeoutMs: 120_000 }),
    clock: systemClock,
    compactAfterRecords: options.compactAfterRecords
  })

  function startLife(name: string): RunningLife {
    const life: Life = { name, reserved: new Set(), settled: new Set(), receipts: new Set(), wasKilled: false }
    const sets: Readonly<Record<string, Set<string>>> = { r: life.reserved, s: life.settled, c: life.receipts }
    lives.push(life)
    const task: SoakTask = {
      path,
      name,
      capNano: String(options.capNano),
      callers: options.callers,
      compactAfterRecords: options.compactAfterRecords
    }
    const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [what = '', value = ''] = line.split(' ')
        const set = sets[what]
        if (set !== undefined) {
          set.add(value)
          operations++
        } else if (what === 'end') {
          const end = JSON.parse(value) as { refused: number; rss: number; peakNano: string }
          refused += end.refused
          if (BigInt(end.peakNano) > peakNano) peakNano = BigInt(end.peakNano)
          maxRssBytes = Math.max(maxRssBytes, end.rss)
        } else faults.push(`${name}: ${line}`)
      }
    })
    const ended = new Promise<void>((resolve) => {
      child.once('close', (status, signal) => {
        // Asked to stop before it could listen.
        if (signal === 'SIGTERM') life.wasKilled = true
        if (status !== 0 && !life.wasKilled) faults.push(`${name} ended with ${status}`)
        resolve()
      })
    })
    return {
      kill: () => {
        if (child.exitCode === null) life.wasKilled = child.kill('SIGKILL') || life.wasKilled
      },
      stop: () => void child.kill('SIGTERM'),
      wasKilled: () => life.wasKilled,
      ended
    }
  }

  /** Ends the reservations that the dead can no longer end. */
  async function bury(name: string): Promise<void> {
    await janitor.refresh()
    const left = janitor.openReservations().filter(({ recipient }) => recipient === name)
    await Promise.all(left.map(({ id }) => janitor.settle(id, SPENT_NANO)))
  }

  const state = { isOver: false }
  async function keepAlive(index: number): Promise<void> {
    for (let number = 0; !state.isOver; number++) {
      const name = `p${index}.${number}`
      const life = startLife(name)
      running[index] = life
      await life.ended
      if (!life.wasKilled()) return
      await bury(name)
      if (operations >= options.operations) return
    }
  }
  const running: RunningLife[] = []
  const all = Promise.all(Array.from({ length: options.processes }, (_, index) => keepAlive(index)))
  void all.then(() => (state.isOver = true))
  while (!state.isOver) {
    const waitMs = options.killEveryMs * (0.25 + 1.5 * options.random())
    await Promise.race([all, new Promise((resolve) => setTimeout(resolve, waitMs).unref())])
    options.onProgress?.(operations, kills)
    if (state.isOver) continue
    if (operations >= options.operations) {
      for (const life of running) life.stop()
      continue
    }
    running[Math.floor(options.random() * running.length)]?.kill()
    kills++
  }
  await janitor.close()
  const seconds = (performance.now() - started) / 1000
  const { receipts, logRecords } = await verify(path, lives, options, faults)
  const size = async (file: string): Promise<number> => (await stat(file).catch(() => undefined))?.size ?? 0
  const [logBytes, archiveBytes] = [await size(path), await size(`${path}.archive`)]
  return {
    operations,
    kills,
    refused,
    peakNano: String(peakNano),
    faults,
    seconds,
    maxRssBytes,
    logRecords,
    logBytes,
    archiveBytes,
    receipts
  }
}

/** Replays the file by itself and looks for everything that was acknowledged. */
async function verify(
  path: string,
  lives: readonly Life[],
  { capNano, callers }: SoakOptions,
  faults: string[]
): Promise<Pick<SoakResult, 'receipts' | 'logRecords'>> {
  const store = await openFileLedgerStore({ path })
  const state = new LedgerState()
  let logRecords = 0
  for (;;) {
    const records = await store.read(logRecords)
    if (records.length === 0) break
    for (const record of records) state.applyStored(record)
    logRecords += records.length
  }
  const { totalNano, reservedNano } = state.spending.totals(0)
  if (totalNano > capNano) faults.push(`${totalNano} nanotons are counted, ${capNano} are the cap`)
  if (reservedNano !== 0n) faults.push(`${reservedNano} nanotons are still reserved`)
  for (const { name, settled, reserved, wasKilled } of lives) {
    const counted = state.spending.recipientNano(name)
    // Every reservation that was promised counts once, by its own end or by the janitor's; besides, those of a killed
    // process whose promise nobody heard, one a caller at most.
    const due = BigInt(reserved.size) * SPENT_NANO
    for (const id of settled) if (!reserved.has(id)) faults.push(`${id} was settled without a reservation`)
    const unheard = wasKilled ? BigInt(callers) * SPENT_NANO : 0n
    if (counted < due || counted > due + unheard) faults.push(`${name} counts ${counted}, ${due} are due`)
  }
  const ledger = await openLedger({ store, clock: systemClock, compactAfterRecords: Infinity })
  const stored = new Set<string>()
  let receipts = 0
  for await (const { id } of ledger.readReceipts()) {
    receipts++
    if (stored.has(id)) faults.push(`receipt ${id} is there twice`)
    stored.add(id)
  }
  for (const life of lives) for (const id of life.receipts) if (!stored.has(id)) faults.push(`receipt ${id} is lost`)
  await ledger.close()
  return { receipts, logRecords }
}

/** Kept for readers of figures: the most that can be reserved at once. */
export function mostReservedNano({ processes, callers }: Pick<SoakOptions, 'processes' | 'callers'>): bigint {
  return BigInt(processes * callers) * AMOUNT_NANO
}
