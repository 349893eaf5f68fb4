/**
 * Groups upstream chunks into what a worker sends as one part.
 *
 * @module
 */
import { raceSignal } from '../lifetime.js'

/** Chunks that travel together; `last` when the body ended with them. */
export interface Batch {
  readonly chunks: readonly Uint8Array[]
  readonly last: boolean
}

const PENDING = Symbol('pending')

function nextTurn(): Promise<typeof PENDING> {
  return new Promise((resolve) => setImmediate(() => resolve(PENDING)))
}

/**
 * Reads a body in batches.
 *
 * @param coalesce - Joins what arrives in one turn of the event loop, also with the end, as the December worker does.
 *   Otherwise each chunk is a batch and the end is an empty one.
 * @param signal - Ends the reading with its reason.
 */
export async function* readBatches(
  body: AsyncIterable<Uint8Array>,
  coalesce: boolean,
  signal: AbortSignal
): AsyncGenerator<Batch> {
  const iterator = body[Symbol.asyncIterator]()
  try {
    let next = iterator.next()
    for (;;) {
      const first = await raceSignal(next, signal)
      if (first.done === true) return yield { chunks: [], last: true }
      const chunks = [first.value]
      next = iterator.next()
      next.catch(() => undefined)
      for (;;) {
        const more = coalesce ? await raceSignal(Promise.race([next, nextTurn()]), signal) : PENDING
        if (more === PENDING) break
        if (more.done === true) return yield { chunks, last: true }
        chunks.push(more.value)
        next = iterator.next()
        next.catch(() => undefined)
      }
      yield { chunks, last: false }
    }
  } finally {
    // Not awaited: a generator that hangs would hang its caller too.
    iterator.return?.(undefined)?.catch(() => undefined)
  }
}
