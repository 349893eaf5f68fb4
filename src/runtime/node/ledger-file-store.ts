/**
 * A ledger in one append-only file, safe against crashes and shared by processes of one machine.
 *
 * An append is one write and one fsync. What a crash cut at the end of the file is dropped by the next one that appends; a
 * damaged frame before the end is an error, because what follows cannot be trusted to be all there was. Compaction writes
 * a new file, makes it durable and renames it over the old one, which others notice by the inode when they next hold the
 * lock; what the log no longer needs but a reader may ask for stands in `<path>.archive`. Bytes: ledger-file-format.ts.
 *
 * @module
 */
import { mkdir, open, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CocoonError } from '../../errors.js'
import type { LedgerCompaction, LedgerStore } from '../ports/ledger-store.js'
import { FrameFile } from './frame-file.js'
import { type ArchiveExtent, damaged, decodeHead, encodeFrames, encodeHead, HEAD_BYTES } from './ledger-file-format.js'
import { FileLock } from './ledger-lock.js'

/** Options of the file store. */
export interface FileLedgerStoreOptions {
  /**
   * Path of the file; it and its directory are created. Beside it: `<path>.lock`, a directory, and, once the log was
   * compacted, `<path>.archive`, which belongs to every copy of the file.
   */
  readonly path: string
  /** Longest wait for the lock. Default 10_000. */
  readonly lockTimeoutMs?: number | undefined
}

const PRIVATE_FILE = 0o600

interface OpenLog {
  readonly file: FileHandle
  readonly size: number
}

interface OpenArchive {
  readonly file: FileHandle
  readonly frames: FrameFile
}

class FileLedgerStore implements LedgerStore {
  readonly compaction: LedgerCompaction
  readonly #path: string
  readonly #lock: FileLock
  #file: FileHandle | undefined
  /** Device and inode of the open file. */
  #identity = ''
  /** Files that were seen under this path. */
  #generation = 0
  /** `undefined` while the file holds nothing whole. */
  #frames: FrameFile | undefined
  #archived: ArchiveExtent = { bytes: 0, records: 0 }
  #archive: OpenArchive | undefined
  /** Length of the file while the lock is held: nobody else changes it then. */
  #size: number | undefined
  #locked = false
  #closed = false

  constructor(path: string, lockTimeoutMs: number) {
    this.#path = path
    this.#lock = new FileLock(`${path}.lock`, lockTimeoutMs)
    this.compaction = {
      generation: async () => {
        await this.#look()
        return this.#generation
      },
      replace: (records, archived) => this.#replace(records, archived),
      readArchive: (fromIndex) => this.#readArchive(fromIndex)
    }
  }

  async read(fromIndex: number): Promise<readonly Uint8Array[]> {
    const { size } = await this.#look()
    return (await this.#frames?.read(fromIndex, size)) ?? []
  }

  async append(records: readonly Uint8Array[]): Promise<number> {
    const { file, size } = await this.#lookLocked()
    // Whatever happens from here on, the length is looked up again.
    this.#size = undefined
    const frames = this.#frames ?? (await this.#begin(file))
    const { offset } = await frames.seekEnd(size)
    if (offset < size) await file.truncate(offset)
    for (const frame of encodeFrames(records)) {
      await writeWhole(file, frame.bytes, frames.end.offset)
      await file.datasync()
      frames.wrote(frame.records, frame.bytes.length)
    }
    this.#size = frames.end.offset
    return frames.end.index
  }

  async withLock<T>(critical: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    return this.#lock.with(async () => {
      this.#locked = true
      try {
        return await critical()
      } finally {
        this.#locked = false
        this.#size = undefined
      }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#archive?.file.close()
    await this.#file?.close()
    await this.#lock.close()
  }

  #assertOpen(): void {
    if (this.#closed) throw new CocoonError('ERR_CLOSED', 'the ledger store is closed', { phase: 'ledger' })
  }

  /** The file under the path as it is now: another one than before when the log was compacted. */
  async #look(): Promise<OpenLog> {
    this.#assertOpen()
    if (this.#file !== undefined && this.#size !== undefined) return { file: this.#file, size: this.#size }
    const now = await stat(this.#path, { bigint: true }).catch((cause: unknown) => {
      throw damaged('it is gone', cause)
    })
    const isKnown = this.#file !== undefined && this.#identity === `${now.dev}:${now.ino}`
    const file = isKnown ? this.#file! : await this.#adopt()
    const size = isKnown ? Number(now.size) : (await file.stat()).size
    if (this.#frames === undefined) await this.#readHead(file, size)
    else if (size < this.#frames.end.offset) throw damaged('it became shorter')
    if (this.#locked) this.#size = size
    return { file, size }
  }

  async #lookLocked(): Promise<OpenLog> {
    if (!this.#locked) throw new CocoonError('ERR_LEDGER', 'a write without the lock', { phase: 'ledger' })
    return this.#look()
  }

  /** Opens the file that stands under the path. */
  async #adopt(): Promise<FileHandle> {
    const file = await open(this.#path, 'r+')
    const { dev, ino } = await file.stat({ bigint: true })
    // Its writer may have died before the name was durable; nothing may be promised in it until it is.
    await syncDirectory(dirname(this.#path))
    await this.#file?.close()
    this.#file = file
    this.#identity = `${dev}:${ino}`
    this.#generation++
    this.#frames = undefined
    return file
  }

  async #readHead(file: FileHandle, size: number): Promise<void> {
    const start = new Uint8Array(HEAD_BYTES)
    const { bytesRead } = await file.read(start, 0, HEAD_BYTES, 0)
    const archived = decodeHead(start.subarray(0, bytesRead))
    if (archived === undefined) {
      // A head is durable before anything is appended to it: here something was, and is not to be overwritten.
      if (!(await isZeroFrom(file, HEAD_BYTES, size))) throw damaged('its head is gone')
      return
    }
    this.#archived = archived
    this.#frames = new FrameFile(file, HEAD_BYTES)
  }

  /** Writes the head of a new log. */
  async #begin(file: FileHandle): Promise<FrameFile> {
    await file.truncate(0)
    await writeWhole(file, encodeHead({ bytes: 0, records: 0 }), 0)
    await file.datasync()
    this.#archived = { bytes: 0, records: 0 }
    return (this.#frames = new FrameFile(file, HEAD_BYTES))
  }

  async #replace(records: readonly Uint8Array[], archived: readonly Uint8Array[]): Promise<number> {
    const { file: old } = await this.#lookLocked()
    this.#size = undefined
    const extent = await this.#addToArchive(archived)
    const frames = encodeFrames(records)
    const next = `${this.#path}.next`
    try {
      const file = await open(next, 'w', PRIVATE_FILE)
      try {
        await file.chmod((await old.stat()).mode & 0o777)
        // Each checked: a full disk takes a part without an error, and what is renamed must be whole.
        let offset = 0
        for (const bytes of [encodeHead(extent), ...frames.map((frame) => frame.bytes)]) {
          await writeWhole(file, bytes, offset)
          offset += bytes.length
        }
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(next, this.#path)
    } catch (error) {
      await unlink(next).catch(() => undefined)
      throw error
    }
    await this.#look()
    for (const frame of frames) this.#frames?.wrote(frame.records, frame.bytes.length)
    return records.length
  }

  /** Durable before the log that counts on it. What an unfinished compaction left behind is overwritten. */
  async #addToArchive(records: readonly Uint8Array[]): Promise<ArchiveExtent> {
    if (records.length === 0) return this.#archived
    const { file } = await this.#openArchive()
    let { bytes } = this.#archived
    await file.truncate(bytes)
    for (const frame of encodeFrames(records)) {
      await writeWhole(file, frame.bytes, bytes)
      bytes += frame.bytes.length
    }
    await file.sync()
    return { bytes, records: this.#archived.records + records.length }
  }

  async #readArchive(fromIndex: number): Promise<readonly Uint8Array[]> {
    await this.#look()
    const { bytes, records } = this.#archived
    if (fromIndex >= records) return []
    const { frames } = await this.#openArchive()
    const found = await frames.read(fromIndex, bytes)
    if (found.length === 0) throw damaged('its archive is missing or shorter than it was')
    return found
  }

  async #openArchive(): Promise<OpenArchive> {
    if (this.#archive !== undefined) return this.#archive
    const path = `${this.#path}.archive`
    const file = await openOrCreate(path)
    await syncDirectory(dirname(path))
    return (this.#archive = { file, frames: new FrameFile(file, 0) })
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  const { bytesWritten } = await file.write(bytes, 0, bytes.length, position)
  if (bytesWritten !== bytes.length) throw new CocoonError('ERR_LEDGER', 'a write was cut short', { phase: 'ledger' })
}

async function isZeroFrom(file: FileHandle, start: number, end: number): Promise<boolean> {
  const piece = new Uint8Array(65_536)
  for (let offset = start; offset < end;) {
    const { bytesRead } = await file.read(piece, 0, piece.length, offset)
    if (bytesRead === 0) break
    if (piece.subarray(0, bytesRead).some((byte) => byte !== 0)) return false
    offset += bytesRead
  }
  return true
}

/** Opens for reading and writing at given positions, which 'a+' would ignore. */
function openOrCreate(path: string): Promise<FileHandle> {
  return open(path, 'r+').catch(() => open(path, 'wx+', PRIVATE_FILE).catch(() => open(path, 'r+')))
}

/** Makes the names in a directory durable; not every platform can, and then the file's own fsync has to do. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch {
    // Windows refuses to open a directory.
  }
}

/**
 * Opens a ledger file, readable by its owner only.
 *
 * @throws CocoonError `ERR_LEDGER` when it cannot be opened.
 */
export async function openFileLedgerStore(options: FileLedgerStoreOptions): Promise<LedgerStore> {
  try {
    await mkdir(dirname(options.path), { recursive: true })
    await (await openOrCreate(options.path)).close()
    // One name for all: a file is replaced under its own name, not under that of a link to it.
    return new FileLedgerStore(await realpath(options.path), options.lockTimeoutMs ?? 10_000)
  } catch (cause) {
    throw CocoonError.from(cause, 'ERR_LEDGER', { phase: 'ledger' })
  }
}
