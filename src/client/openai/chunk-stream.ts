/**
 * The stream that a caller iterates.
 *
 * @module
 */
import { encodeUtf8 } from '../../encoding/utf8.js'
import { CocoonError } from '../../errors.js'
import { writeJson } from './errors.js'
import type { EventReader } from './event-reader.js'

/** Results that one branch of a tee may be ahead of the other. */
const MAX_TEE_BACKLOG = 1_000_000

/**
 * Chunks of one answer, in order. Iterable once; leaving the loop early (`break`, `return`, `throw`) aborts the call,
 * and so does `controller.abort()`. The network has no cancel: what an aborted call generates is still charged.
 *
 * Iteration throws a `CocoonError`: `ERR_STREAM_EMPTY` | `ERR_STREAM_TRUNCATED` | `ERR_STREAM_INVALID` |
 * `ERR_STREAM_ERROR_EVENT` | `ERR_ANSWER_TOO_LARGE` | `ERR_QUERY_REFUSED` | `ERR_TIMEOUT` | `ERR_ABORTED` | `ERR_CLOSED`;
 * the chunks before it were good.
 */
export class ChunkStream<T> implements AsyncIterable<T> {
  /** Aborts the call. */
  readonly controller: AbortController
  readonly #source: () => AsyncIterator<T>
  #consumed = false

  /** Made by the library; `source` is called at most once. */
  constructor(source: () => AsyncIterator<T>, controller: AbortController) {
    this.#source = source
    this.controller = controller
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    if (this.#consumed) {
      throw new CocoonError('ERR_OPTIONS', 'the stream was already consumed', {
        phase: 'stream',
        remedy: 'use tee() to read it twice'
      })
    }
    this.#consumed = true
    return this.#source()
  }

  /**
   * Two streams of the same chunks. What one has read and the other has not is kept, up to 1,000,000 chunks; a branch
   * further behind gets `ERR_ANSWER_TOO_LARGE`. The call is aborted when both are left early.
   */
  tee(): [ChunkStream<T>, ChunkStream<T>] {
    const [left, right] = teeIterator(this[Symbol.asyncIterator]())
    return [new ChunkStream(() => left, this.controller), new ChunkStream(() => right, this.controller)]
  }

  /** The chunks as JSON texts, one a line, in UTF-8; the form that the official SDK's `fromReadableStream` takes. */
  toReadableStream(): ReadableStream<Uint8Array> {
    const iterator = this[Symbol.asyncIterator]()
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          try {
            const step = await iterator.next()
            if (step.done === true) controller.close()
            else controller.enqueue(encodeUtf8(`${writeJson(step.value)}\n`))
          } catch (error) {
            controller.error(error)
            void iterator.return?.()
          }
        },
        async cancel() {
          await iterator.return?.()
        }
      },
      { highWaterMark: 0 }
    )
  }
}

/** The stream over a reader. */
export function createChunkStream<T>(reader: EventReader): ChunkStream<T> {
  const controller = new AbortController()
  controller.signal.addEventListener('abort', () => reader.abort(abandoned(controller.signal.reason)), { once: true })
  return new ChunkStream<T>(() => iterateReader<T>(reader), controller)
}

/** Why a stream ended that its reader left. */
export function abandoned(cause: unknown): CocoonError {
  return new CocoonError('ERR_ABORTED', 'the stream was aborted by its reader', {
    phase: 'stream',
    charged: 'unknown',
    cause
  })
}

/**
 * Written by hand and not as an async generator: chunks that are already here cost one resolved promise each, and
 * `return` takes effect while a `next` is pending.
 */
function iterateReader<T>(reader: EventReader): AsyncIterator<T> {
  let pending = 0
  let last: Promise<IteratorResult<T>> | undefined

  async function advance(): Promise<IteratorResult<T>> {
    try {
      for (;;) {
        const value = reader.poll()
        if (value !== undefined) return { done: false, value: value as T }
        if (!(await reader.pull())) return { done: true, value: undefined }
      }
    } finally {
      pending--
    }
  }

  return {
    next() {
      if (pending++ > 0 && last !== undefined) return (last = last.then(advance, advance))
      let value: object | undefined
      try {
        value = reader.poll()
      } catch (error) {
        pending--
        return Promise.reject(error)
      }
      if (value === undefined) return (last = advance())
      pending--
      return Promise.resolve({ done: false, value: value as T })
    },
    return() {
      reader.abort(abandoned(undefined))
      return Promise.resolve({ done: true, value: undefined })
    }
  }
}

/** Splits an iterator; each branch has its own queue of results. */
function teeIterator<T>(source: AsyncIterator<T>): [AsyncIterator<T>, AsyncIterator<T>] {
  const branches: { queue: Promise<IteratorResult<T>>[]; head: number; left: boolean; lost: boolean }[] = []

  function branch(index: number): AsyncIterator<T> {
    const own = { queue: [] as Promise<IteratorResult<T>>[], head: 0, left: false, lost: false }
    branches[index] = own
    return {
      next() {
        if (own.left) return Promise.resolve({ done: true, value: undefined })
        if (own.lost) return Promise.reject(tooFarBehind())
        if (own.head === own.queue.length) {
          own.queue = []
          own.head = 0
          const result = source.next()
          // The other branch may never look at it; its own reader still sees the rejection.
          result.catch(() => {})
          for (const each of branches) push(each, result)
        }
        return own.queue[own.head++] as Promise<IteratorResult<T>>
      },
      async return() {
        own.left = true
        own.queue = []
        if (branches.every((each) => each.left)) await source.return?.()
        return { done: true, value: undefined }
      }
    }
  }
  function push(each: (typeof branches)[number], result: Promise<IteratorResult<T>>): void {
    if (each.left || each.lost) return
    each.queue.push(result)
    if (each.queue.length - each.head <= MAX_TEE_BACKLOG) return
    each.lost = true
    each.queue = []
  }
  return [branch(0), branch(1)]
}

function tooFarBehind(): CocoonError {
  return new CocoonError('ERR_ANSWER_TOO_LARGE', 'this branch of the stream fell too far behind the other', {
    phase: 'stream',
    charged: 'unknown'
  })
}
