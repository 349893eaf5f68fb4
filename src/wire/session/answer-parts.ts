/**
 * The body parts of one answer between the socket and its reader: in order, bounded, linear.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { type Deferred, deferred } from './deferred.js'

/** Book-keeping of one waiting part, counted against the limits so that empty-ish parts are not free. */
const PART_OVERHEAD_BYTES = 64
/**
 * From so many waiting parts on, small ones are joined, so that a million tiny parts cost their bytes and little more,
 * and a reader that is behind gets many at once.
 */
const JOIN_FROM_PARTS = 4
/** Size of a joined block, bytes; parts longer than a quarter of it stay alone. */
const JOIN_BLOCK_BYTES = 8192

/** What the owner of a queue is told. */
export interface AnswerPartsEvents {
  /** The weight of what waits changed by so many bytes. */
  onWeight(delta: number): void
  /** The reader gave up (`break`, `return`). */
  onAbandoned(): void
  /** The reader has seen everything, or will never see more. */
  onDone(): void
}

const EMPTY = new Uint8Array(0)
const DONE: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined }

/** A queue with one reader. `weight` is what it holds, in bytes. */
export class AnswerParts implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  readonly #events: AnswerPartsEvents
  #parts: Uint8Array[] = []
  #head = 0
  /** Room and fill of the block behind all parts that small ones join; a fill of 0 = there is none. */
  #block: Uint8Array = EMPTY
  #blockLength = 0
  #waiters: Deferred<IteratorResult<Uint8Array, undefined>>[] = []
  #weight = 0
  #isEnded = false
  #error: CocoonError | undefined
  #isTaken = false
  #isDone = false

  constructor(events: AnswerPartsEvents) {
    this.#events = events
  }

  /** Bytes that wait, with book-keeping. */
  get weight(): number {
    return this.#weight
  }

  /** Adds a part, which may be a view of a larger chunk; empty ones vanish. */
  push(part: Uint8Array): void {
    if (part.length === 0 || this.#isEnded) return
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: detached(part) })
      return
    }
    this.#enqueue(part)
  }

  /** No more parts: the reader sees what waits, then the end. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#settle()
  }

  /** No more parts: the reader sees what waits, then the error. */
  fail(error: CocoonError): void {
    if (this.#isEnded) return
    this.#error = error
    this.end()
  }

  /** Drops what waits; the reader sees the error next, also after {@link AnswerParts.end}. */
  abort(error: CocoonError): void {
    if (this.#isDone) return
    this.#clear()
    this.#error = error
    this.#isEnded = true
    this.#settle()
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    if (this.#isTaken) {
      throw new CocoonError('ERR_OPTIONS', 'the parts of an answer can be read once', { phase: 'stream' })
    }
    this.#isTaken = true
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const part = this.#dequeue()
    if (part !== undefined) {
      if (this.#isEnded) this.#settle()
      return Promise.resolve({ done: false, value: part })
    }
    if (!this.#isEnded) {
      const waiter = deferred<IteratorResult<Uint8Array, undefined>>()
      this.#waiters.push(waiter)
      return waiter.promise
    }
    const error = this.#error
    // An error is thrown once; afterwards the iterator is at its end, as generators do it.
    this.#error = undefined
    this.#finish()
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error)
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#isDone) {
      const wasEnded = this.#isEnded
      this.#clear()
      this.#isEnded = true
      this.#error = undefined
      this.#settle()
      if (!wasEnded) this.#events.onAbandoned()
    }
    return Promise.resolve(DONE)
  }

  /** After the end: answers the reader that waits, and says when nothing more will be seen. */
  #settle(): void {
    if (this.#parts.length > this.#head || this.#blockLength > 0) return
    for (const waiter of this.#waiters.splice(0)) {
      const error = this.#error
      this.#error = undefined
      if (error === undefined) waiter.resolve(DONE)
      else waiter.reject(error)
    }
    this.#finish()
  }

  #finish(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#events.onDone()
  }

  #enqueue(part: Uint8Array): void {
    const isSmall = part.length <= JOIN_BLOCK_BYTES / 4
    if (this.#blockLength > 0) {
      // The block stands behind all parts, so either this one joins it or it becomes a part first.
      if (isSmall && this.#blockLength + part.length <= JOIN_BLOCK_BYTES) {
        this.#block.set(part, this.#blockLength)
        this.#blockLength += part.length
        return this.#weigh(part.length)
      }
      this.#sealBlock()
    }
    if (isSmall && this.#parts.length - this.#head >= JOIN_FROM_PARTS) {
      this.#block = new Uint8Array(JOIN_BLOCK_BYTES)
      this.#block.set(part)
      this.#blockLength = part.length
    } else this.#parts.push(detached(part))
    this.#weigh(part.length + PART_OVERHEAD_BYTES)
  }

  #sealBlock(): void {
    this.#parts.push(this.#block.subarray(0, this.#blockLength))
    this.#block = EMPTY
    this.#blockLength = 0
  }

  #dequeue(): Uint8Array | undefined {
    if (this.#head >= this.#parts.length) {
      if (this.#blockLength === 0) return undefined
      this.#sealBlock()
    }
    const part = this.#parts[this.#head]!
    this.#parts[this.#head++] = EMPTY
    if (this.#head === this.#parts.length) {
      this.#parts = []
      this.#head = 0
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#parts.length) {
      this.#parts = this.#parts.slice(this.#head)
      this.#head = 0
    }
    this.#weigh(-(part.length + PART_OVERHEAD_BYTES))
    return part
  }

  #clear(): void {
    this.#parts = []
    this.#head = 0
    this.#block = EMPTY
    this.#blockLength = 0
    this.#weigh(-this.#weight)
  }

  #weigh(delta: number): void {
    if (delta === 0) return
    this.#weight += delta
    this.#events.onWeight(delta)
  }
}

/** A part that keeps no chunk alive which is much larger than itself. */
function detached(part: Uint8Array): Uint8Array {
  return part.length * 4 < part.buffer.byteLength ? part.slice() : part
}
