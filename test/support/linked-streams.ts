/**
 * Two connected in-memory byte streams, with the faults of a real network on demand: chunks split or merged, a reader
 * that holds the writer back, a cut after a given byte.
 *
 * @module
 */
import { CocoonError } from '../../src/errors.js'
import type { ByteStream } from '../../src/runtime/ports/byte-stream.js'

/** How the bytes of one direction travel. */
export interface LinkOptions {
  /** Largest chunk that a read returns, bytes. Default: each write arrives as it was written. */
  readonly chunkBytes?: number | undefined
  /** Bytes that may wait before `write` stops resolving. Default: no limit. */
  readonly capacityBytes?: number | undefined
  /** Passes this many bytes, then the connection ends. Default: never. */
  readonly cutAtByte?: number | undefined
  /** How the cut looks: an orderly end or a reset. Default `end`. */
  readonly cutStyle?: 'end' | 'reset' | undefined
}

/** Options of {@link createLinkedStreams}. */
export interface LinkedStreamsOptions {
  /** From the first stream to the second. */
  readonly forward?: LinkOptions | undefined
  /** From the second stream to the first. */
  readonly backward?: LinkOptions | undefined
}

/** One end; `received` and `written` help assertions. */
export interface LinkedStream extends ByteStream {
  readonly bytesWritten: number
  readonly isClosed: boolean
}

interface Waiter<T> {
  resolve(value: T): void
  reject(error: CocoonError): void
}

/** One direction. */
class Link {
  readonly #options: LinkOptions
  readonly #chunks: Uint8Array[] = []
  readonly #writers: Waiter<void>[] = []
  #reader: Waiter<Uint8Array | null> | undefined
  #waitingBytes = 0
  #ended = false
  #broken: CocoonError | undefined
  passedBytes = 0

  constructor(options: LinkOptions) {
    this.#options = options
  }

  push(bytes: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken)
    if (this.#ended) return Promise.resolve()
    const room = (this.#options.cutAtByte ?? Infinity) - this.passedBytes
    const passed = bytes.slice(0, Math.min(bytes.length, room))
    this.passedBytes += passed.length
    if (passed.length > 0) {
      this.#chunks.push(passed)
      this.#waitingBytes += passed.length
    }
    if (room <= bytes.length) this.#cut()
    this.#serve()
    if (this.#waitingBytes <= (this.#options.capacityBytes ?? Infinity) || this.#ended) return Promise.resolve()
    return new Promise<void>((resolve, reject) => this.#writers.push({ resolve, reject }))
  }

  pull(): Promise<Uint8Array | null> {
    if (this.#reader !== undefined) throw new Error('two reads at once')
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
      this.#serve()
    })
  }

  end(): void {
    this.#ended = true
    for (const writer of this.#writers.splice(0)) writer.resolve()
    this.#serve()
  }

  /** Fails readers and writers; data that waits is dropped. */
  fail(error: CocoonError): void {
    this.#broken ??= error
    this.#chunks.length = 0
    this.#waitingBytes = 0
    for (const writer of this.#writers.splice(0)) writer.reject(error)
    this.#serve()
  }

  #cut(): void {
    if (this.#options.cutStyle === 'reset') {
      this.#broken = new CocoonError('ERR_CONNECTION_LOST', 'the connection was reset', { phase: 'dial' })
    }
    this.#ended = true
  }

  #serve(): void {
    const reader = this.#reader
    if (reader === undefined) return
    const chunk = this.#chunks[0]
    if (chunk !== undefined) {
      this.#reader = undefined
      const limit = this.#options.chunkBytes ?? chunk.length
      const served = chunk.slice(0, limit)
      if (served.length === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(limit)
      this.#waitingBytes -= served.length
      if (this.#waitingBytes <= (this.#options.capacityBytes ?? Infinity)) {
        for (const writer of this.#writers.splice(0)) writer.resolve()
      }
      reader.resolve(served)
    } else if (this.#broken !== undefined) {
      this.#reader = undefined
      reader.reject(this.#broken)
    } else if (this.#ended) {
      this.#reader = undefined
      reader.resolve(null)
    }
  }
}

class LinkedEnd implements LinkedStream {
  readonly #incoming: Link
  readonly #outgoing: Link
  #closed = false

  constructor(incoming: Link, outgoing: Link) {
    this.#incoming = incoming
    this.#outgoing = outgoing
  }

  get bytesWritten(): number {
    return this.#outgoing.passedBytes
  }

  get isClosed(): boolean {
    return this.#closed
  }

  read(): Promise<Uint8Array | null> {
    return this.#closed ? Promise.reject(closedError()) : this.#incoming.pull()
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#closed ? Promise.reject(closedError()) : this.#outgoing.push(bytes)
  }

  close(reason?: unknown): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#closed = true
    this.#incoming.fail(closedError())
    if (reason === undefined) this.#outgoing.end()
    else this.#outgoing.fail(new CocoonError('ERR_CONNECTION_LOST', 'the peer reset the connection', { phase: 'dial' }))
    return Promise.resolve()
  }
}

function closedError(): CocoonError {
  return new CocoonError('ERR_CLOSED', 'the stream was closed', { phase: 'close' })
}

/** Two ends of one connection: what one writes, the other reads. */
export function createLinkedStreams(options: LinkedStreamsOptions = {}): [LinkedStream, LinkedStream] {
  const forward = new Link(options.forward ?? {})
  const backward = new Link(options.backward ?? {})
  return [new LinkedEnd(backward, forward), new LinkedEnd(forward, backward)]
}
