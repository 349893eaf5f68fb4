/**
 * An exclusive lock between processes on one machine, by files alone, that outlives crashes without a race.
 *
 * A directory holds numbered files; the highest number is the lock: held while its name is the number alone, free once
 * it is `<number>.free`. A held one is free too when the process named in it is gone. Whoever wants the lock links its own
 * name as the next number: of several that try, the file system lets one, and a link appears with its content whole. The
 * highest file is never deleted, so a stale view can only lead to a number that is taken, or not above all others, which is
 * checked after the link was made. Not for network file systems shared by machines.
 *
 * @module
 */
import { link, mkdir, readdir, readFile, readlink, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { CocoonError } from '../../errors.js'

/** Generations that stay: a directory scan would have to overlap this many hand-overs to miss the highest. */
const KEPT_GENERATIONS = 16
const LONGEST_POLL_MS = 20
const ABANDONED_MS = 5000
/** Nobody holds the lock for so long: a critical section is an append, at most a compaction. */
const FOREIGN_HOLD_MS = 60_000
const FREE_SUFFIX = '.free'
const HOLDER_PREFIX = 'holder-'

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

/** Within what a process id means something: containers may share a host name and a volume. Empty where there is no such thing. */
function processSpace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '')
}

/**
 * Whether the process that wrote this holder line still runs; `undefined` when it ran in another container of the same
 * name, and cannot be looked for. Lines of other machines, and unreadable ones, count as alive.
 */
async function isAlive(holder: string): Promise<boolean | undefined> {
  const [host, pidText, ticks, space] = holder.split(' ')
  if (host !== hostname() || pidText === undefined) return true
  if (space !== undefined && space !== (await processSpace())) return undefined
  const pid = Number(pidText)
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return ticks === undefined || ticks === '' || ticks === (await startTicks(pid))
}

interface Generation {
  readonly number: number
  readonly name: string
  readonly isFree: boolean
}

/** A lock in a directory. */
export class FileLock {
  readonly #directory: string
  readonly #timeoutMs: number
  /** Name of the file that is linked to take the lock. */
  #holder: Promise<string> | undefined

  constructor(directory: string, timeoutMs: number) {
    this.#directory = directory
    this.#timeoutMs = timeoutMs
  }

  /** Runs `critical` while holding the lock. @throws CocoonError `ERR_LEDGER_LOCKED` after the time limit. */
  async with<T>(critical: () => Promise<T>): Promise<T> {
    const held = this.#path(String(await this.#acquire()))
    try {
      return await critical()
    } finally {
      await rename(held, held + FREE_SUFFIX)
    }
  }

  /** Removes what this object keeps in the directory. */
  async close(): Promise<void> {
    const holder = await this.#holder?.catch(() => undefined)
    if (holder !== undefined) await unlink(this.#path(holder)).catch(() => undefined)
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }

  async #acquire(): Promise<number> {
    this.#holder ??= this.#enter()
    const holder = await this.#holder.catch((error: unknown) => {
      // Whatever was in the way may be gone at the next try.
      this.#holder = undefined
      throw error
    })
    const deadline = performance.now() + this.#timeoutMs
    for (let pollMs = 1; ; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
      const generation = await this.#tryAcquire(holder)
      if (generation !== null) return generation
      if (performance.now() > deadline) {
        throw new CocoonError(
          'ERR_LEDGER_LOCKED',
          `the ledger is locked by another process for more than ${this.#timeoutMs} ms`,
          {
            phase: 'ledger',
            retryable: true,
            remedy:
              'if whoever held it ran on another machine or in a container that is gone, delete the lock directory'
          }
        )
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs * (0.5 + Math.random())))
    }
  }

  /** Writes the file that will be linked, and removes those of processes that are gone. */
  async #enter(): Promise<string> {
    await mkdir(this.#directory, { recursive: true })
    for (const name of await readdir(this.#directory)) {
      if (!name.startsWith(HOLDER_PREFIX)) continue
      const holder = await readFile(this.#path(name), 'utf8').catch(() => '')
      if ((await isAlive(holder)) === false) await unlink(this.#path(name)).catch(() => undefined)
    }
    const own = `${HOLDER_PREFIX}${process.pid}-${crypto.randomUUID()}`
    const line = [hostname(), process.pid, await startTicks(process.pid), await processSpace()].join(' ')
    await writeFile(this.#path(own), line)
    return own
  }

  async #tryAcquire(holder: string): Promise<number | null> {
    const before = await this.#generations()
    const highest = Math.max(0, ...before.map(({ number }) => number))
    for (const { number, name, isFree } of before) {
      if (number === highest && !isFree && (await this.#isHeld(name))) return null
    }
    const next = highest + 1
    if (!(await this.#create(holder, this.#path(String(next))))) return null
    const after = await this.#generations()
    if (after.some(({ number, isFree }) => number > next || (number === next && isFree))) {
      await unlink(this.#path(String(next))).catch(() => undefined)
      return null
    }
    await Promise.all(
      after
        .filter(({ number }) => number < next - KEPT_GENERATIONS)
        .map(({ name }) => unlink(this.#path(name)).catch(() => undefined))
    )
    return next
  }

  async #create(holder: string, path: string): Promise<boolean> {
    const failure = await link(this.#path(holder), path).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error
    )
    if (failure === undefined || failure.code === 'EEXIST') return failure === undefined
    // A file system without links: created exclusively, then written, with an instant in which it is empty.
    return writeFile(path, await readFile(this.#path(holder)), { flag: 'wx' }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false
        throw error
      }
    )
  }

  async #isHeld(name: string): Promise<boolean> {
    try {
      const holder = await readFile(this.#path(name), 'utf8')
      // Empty: its maker lives and will write, or died within that instant.
      if (holder === '') return Date.now() - (await stat(this.#path(name))).mtimeMs < ABANDONED_MS
      // Of a holder that cannot be looked for, the time says it: its name was linked when it took the lock.
      return (await isAlive(holder)) ?? Date.now() - (await stat(this.#path(name))).ctimeMs < FOREIGN_HOLD_MS
    } catch {
      // Renamed or removed meanwhile: the next look tells.
      return true
    }
  }

  async #generations(): Promise<readonly Generation[]> {
    const names = await readdir(this.#directory)
    return names.flatMap((name) => {
      const isFree = name.endsWith(FREE_SUFFIX)
      const text = isFree ? name.slice(0, -FREE_SUFFIX.length) : name
      const number = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN
      return Number.isSafeInteger(number) ? [{ number, name, isFree }] : []
    })
  }
}
