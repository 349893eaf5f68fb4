/**
 * A ledger in one append-only file, safe against crashes and shared by processes of one machine.
 *
 * Shape: `u32le length · u32le CRC-32 · record`, repeated. An append is one write and one fsync. A record that was cut by a
 * crash at the end of the file is dropped by the next one that appends; a damaged record before the end is an error,
 * because what follows cannot be trusted to be all there was.
 *
 * @module
 */
import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { CocoonError } from '../../errors.js'
import type { LedgerStore } from '../ports/ledger-store.js'
import { FileLock } from './ledger-lock.js'

/** Options of the file store. */
export interface FileLedgerStoreOptions {
  /** Path of the file; it and its directory are created. `<path>.lock` is a directory beside it. */
  readonly path: string
  /** Longest wait for the lock. Default 10_000. */
  readonly lockTimeoutMs?: number | undefined
}

const HEADER_BYTES = 8
const MAX_RECORD_BYTES = 1_048_576
const PRIVATE_FILE = 0o600

function damaged(why: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_LEDGER', `the ledger file is damaged: ${why}`, { phase: 'ledger', cause })
}

interface Scan {
  readonly records: readonly Uint8Array[]
  /** Bytes of whole records, from where the scan began. */
  readonly bytes: number
}

/** Whole records of a piece of the file; a cut one at its end is left. @throws CocoonError `ERR_LEDGER`. */
function scan(piece: Uint8Array): Scan {
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength)
  const records: Uint8Array[] = []
  let offset = 0
  while (piece.length - offset >= HEADER_BYTES) {
    const length = view.getUint32(offset, true)
    const end = offset + HEADER_BYTES + length
    if (length > MAX_RECORD_BYTES) throw damaged('a record length is impossible')
    if (end > piece.length) break
    const record = piece.slice(offset + HEADER_BYTES, end)
    if (crc32(record) !== view.getUint32(offset + 4, true)) {
      // A torn write leaves a bad record only at the very end.
      if (end === piece.length) break
      throw damaged('a checksum is wrong')
    }
    records.push(record)
    offset = end
  }
  return { records, bytes: offset }
}

function frame(records: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + HEADER_BYTES + record.length, 0))
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const record of records) {
    if (record.length > MAX_RECORD_BYTES)
      throw new CocoonError('ERR_LEDGER', 'a record is too large', { phase: 'ledger' })
    view.setUint32(offset, record.length, true)
    view.setUint32(offset + 4, crc32(record), true)
    bytes.set(record, offset + HEADER_BYTES)
    offset += HEADER_BYTES + record.length
  }
  return bytes
}

class FileLedgerStore implements LedgerStore {
  readonly #file: FileHandle
  readonly #lock: FileLock
  /** Count and length of the records that were read so far. */
  #known = 0
  #knownBytes = 0
  #locked = false
  #closed = false

  constructor(file: FileHandle, lock: FileLock) {
    this.#file = file
    this.#lock = lock
  }

  async read(fromIndex: number): Promise<readonly Uint8Array[]> {
    this.#assertOpen()
    if (fromIndex < this.#known) {
      this.#known = 0
      this.#knownBytes = 0
    }
    const { records, bytes } = scan(await this.#tail())
    const skipped = fromIndex - this.#known
    this.#known += records.length
    this.#knownBytes += bytes
    return records.slice(skipped)
  }

  async append(records: readonly Uint8Array[]): Promise<number> {
    this.#assertOpen()
    if (!this.#locked) throw new CocoonError('ERR_LEDGER', 'append without the lock', { phase: 'ledger' })
    const tail = await this.#tail()
    const rest = scan(tail)
    this.#known += rest.records.length
    this.#knownBytes += rest.bytes
    if (rest.bytes < tail.length) await this.#file.truncate(this.#knownBytes)
    const bytes = frame(records)
    const { bytesWritten } = await this.#file.write(bytes, 0, bytes.length, this.#knownBytes)
    if (bytesWritten !== bytes.length) throw new CocoonError('ERR_LEDGER', 'a write was cut short', { phase: 'ledger' })
    await this.#file.datasync()
    this.#known += records.length
    this.#knownBytes += bytes.length
    return this.#known
  }

  async withLock<T>(critical: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    return this.#lock.with(async () => {
      this.#locked = true
      try {
        return await critical()
      } finally {
        this.#locked = false
      }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }

  #assertOpen(): void {
    if (this.#closed) throw new CocoonError('ERR_CLOSED', 'the ledger store is closed', { phase: 'ledger' })
  }

  /** Bytes of the file after what is known. */
  async #tail(): Promise<Uint8Array> {
    const { size } = await this.#file.stat()
    if (size < this.#knownBytes) throw damaged('it became shorter')
    const bytes = new Uint8Array(size - this.#knownBytes)
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, filled, bytes.length - filled, this.#knownBytes + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }
}

/** Makes the directory entry of a new file durable; not every platform can, and then the file's own fsync has to do. */
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
    // Read and write at given positions; 'a+' would ignore positions.
    const file = await open(options.path, 'r+').catch(() =>
      open(options.path, 'wx+', PRIVATE_FILE).catch(() => open(options.path, 'r+'))
    )
    await syncDirectory(dirname(options.path))
    return new FileLedgerStore(file, new FileLock(`${options.path}.lock`, options.lockTimeoutMs ?? 10_000))
  } catch (cause) {
    throw CocoonError.from(cause, 'ERR_LEDGER', { phase: 'ledger' })
  }
}
