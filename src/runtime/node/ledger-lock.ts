/**
 * An exclusive lock between processes on one machine, by files alone, that outlives crashes without a race.
 *
 * A directory holds numbered files; the highest number is the lock. It is free when its file says so, or when the process
 * named in it is gone. Whoever wants it creates the next number exclusively: of several that try, the file system lets one.
 * The highest file is never deleted, so a stale view can only lead to a number that is taken, or below the highest, which
 * is checked after creation. Not for network file systems shared by machines.
 *
 * @module
 */
import { mkdir, open, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { CocoonError } from '../../errors.js'

const FREE = 'free'
/** Generations that stay: a directory scan would have to overlap this many hand-overs to miss the highest. */
const KEPT_GENERATIONS = 16
const LONGEST_POLL_MS = 20

/** When a Linux process started, in clock ticks; tells a reused process id from the old one. Empty elsewhere. */
async function startTicks(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name in parentheses that may hold spaces; the start time is the 20th field after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** Whether the process that wrote this holder line still runs. Lines of other machines, and unreadable ones, count as alive. */
async function isAlive(holder: string): Promise<boolean> {
  const [host, pidText, ticks] = holder.split(' ')
  if (host !== hostname() || pidText === undefined) return true
  const pid = Number(pidText)
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return ticks === undefined || ticks === '' || ticks === (await startTicks(pid))
}

/** A lock in a directory. */
export class FileLock {
  readonly #directory: string
  readonly #timeoutMs: number
  #identity: string | null = null

  constructor(directory: string, timeoutMs: number) {
    this.#directory = directory
    this.#timeoutMs = timeoutMs
  }

  /** Runs `critical` while holding the lock. @throws CocoonError `ERR_LEDGER_LOCKED` after the time limit. */
  async with<T>(critical: () => Promise<T>): Promise<T> {
    const generation = await this.#acquire()
    try {
      return await critical()
    } finally {
      await writeFile(this.#path(generation), FREE)
    }
  }

  #path(generation: number): string {
    return join(this.#directory, String(generation))
  }

  async #acquire(): Promise<number> {
    this.#identity ??= `${hostname()} ${process.pid} ${await startTicks(process.pid)}`
    await mkdir(this.#directory, { recursive: true })
    const deadline = performance.now() + this.#timeoutMs
    for (let pollMs = 1; ; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
      const generation = await this.#tryAcquire()
      if (generation !== null) return generation
      if (performance.now() > deadline) {
        throw new CocoonError(
          'ERR_LEDGER_LOCKED',
          `the ledger is locked by another process for more than ${this.#timeoutMs} ms`,
          { phase: 'ledger', retryable: true }
        )
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs * (0.5 + Math.random())))
    }
  }

  async #tryAcquire(): Promise<number | null> {
    const highest = Math.max(0, ...(await this.#generations()))
    if (highest > 0 && !(await this.#isFree(highest))) return null
    const next = highest + 1
    if (!(await this.#create(next))) return null
    const generations = await this.#generations()
    if (generations.some((generation) => generation > next)) {
      await unlink(this.#path(next)).catch(() => undefined)
      return null
    }
    await Promise.all(
      generations
        .filter((old) => old < next - KEPT_GENERATIONS)
        .map((old) => unlink(this.#path(old)).catch(() => undefined))
    )
    return next
  }

  async #create(generation: number): Promise<boolean> {
    try {
      const file = await open(this.#path(generation), 'wx')
      try {
        await file.writeFile(this.#identity ?? '')
      } finally {
        await file.close()
      }
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
  }

  async #isFree(generation: number): Promise<boolean> {
    try {
      const holder = await readFile(this.#path(generation), 'utf8')
      if (holder === FREE) return true
      // Created and not written yet: its maker either lives and will write, or died within that instant.
      if (holder === '') return await this.#isAbandoned(generation)
      return !(await isAlive(holder))
    } catch {
      return false
    }
  }

  /** Whether a file without a holder is old enough that its maker must have died before writing. */
  async #isAbandoned(generation: number): Promise<boolean> {
    const file = await open(this.#path(generation), 'r')
    try {
      const { mtimeMs } = await file.stat()
      const { size } = await file.stat()
      return size === 0 && Date.now() - mtimeMs > 5000
    } finally {
      await file.close()
    }
  }

  async #generations(): Promise<readonly number[]> {
    const names = await readdir(this.#directory)
    return names.map(Number).filter((generation) => Number.isSafeInteger(generation) && generation > 0)
  }
}
