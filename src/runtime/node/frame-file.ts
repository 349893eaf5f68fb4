/**
 * Reading a file of frames by the number of a record, in pieces, without reading anything twice that is not asked for.
 *
 * @module
 */
import type { FileHandle } from 'node:fs/promises'
import { PIECE_BYTES, scanFrames } from './ledger-file-format.js'

/** Where a frame begins. */
export interface Mark {
  /** Records before it. */
  readonly index: number
  readonly offset: number
}

/** Distance of the marks that are kept: reading from an old index reads at most this much too much. */
const MARK_BYTES = 4_194_304

/** Frames of an open file that only grows. */
export class FrameFile {
  readonly #file: FileHandle
  /** Ascending; the first is where frames begin. */
  readonly #marks: Mark[]
  /** Up to where the file was read. */
  #end: Mark

  constructor(file: FileHandle, startOffset: number) {
    this.#file = file
    this.#end = { index: 0, offset: startOffset }
    this.#marks = [this.#end]
  }

  /** Reads up to the end. @returns Where the last whole frame ends. */
  async seekEnd(size: number): Promise<Mark> {
    while ((await this.read(this.#end.index, size)).length > 0);
    return this.#end
  }

  /** Up to where frames are known to be whole. */
  get end(): Mark {
    return this.#end
  }

  /** Some records from `fromIndex` on; none at the end. @param size - Length of the file. */
  async read(fromIndex: number, size: number): Promise<readonly Uint8Array[]> {
    const known = fromIndex >= this.#end.index ? [this.#end] : this.#marks
    let mark = known.findLast(({ index }) => index <= fromIndex) ?? this.#end
    for (;;) {
      const piece = await this.#piece(mark.offset, Math.min(size, mark.offset + PIECE_BYTES))
      const { records, bytes } = scanFrames(piece, mark.offset + piece.length >= size)
      if (records.length === 0) return []
      const next = { index: mark.index + records.length, offset: mark.offset + bytes }
      this.#learn(next)
      if (next.index > fromIndex) return records.slice(fromIndex - mark.index)
      mark = next
    }
  }

  /** Learns of frames without reading them: their writer. */
  wrote(records: number, bytes: number): void {
    this.#learn({ index: this.#end.index + records, offset: this.#end.offset + bytes })
  }

  #learn(mark: Mark): void {
    if (mark.offset <= this.#end.offset) return
    this.#end = mark
    if (mark.offset - (this.#marks.at(-1)?.offset ?? 0) >= MARK_BYTES) this.#marks.push(mark)
  }

  async #piece(from: number, to: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, to - from))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, filled, bytes.length - filled, from + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }
}
