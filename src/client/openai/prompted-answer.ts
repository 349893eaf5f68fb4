/**
 * Reads the answers of prompted requests back.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { WholeAnswer } from './answer.js'
import type { EventReader } from './event-reader.js'
import type { PromptedRequest } from './prompted/index.js'

/** A whole answer, read back. */
export function promptedWhole(prompted: PromptedRequest, answer: WholeAnswer): WholeAnswer {
  const value = prompted.readWhole(answer.value)
  return { ...answer, value, text: JSON.stringify(value) }
}

/** A stream, read back event by event. */
export function promptedReader(prompted: PromptedRequest, inner: EventReader): EventReader {
  const reader = prompted.createChunkReader()
  let queue: object[] = []
  let last: object | undefined
  let isOver = false

  function guarded<T>(read: () => T): T {
    try {
      return read()
    } catch (cause) {
      isOver = true
      const error = CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'stream', charged: 'unknown' })
      inner.abort(error)
      throw error
    }
  }
  return {
    poll() {
      if (isOver) return undefined
      while (queue.length === 0) {
        const value = inner.poll()
        if (value === undefined) return undefined
        queue = guarded(() => reader.push(value))
      }
      return (last = queue.shift())
    },
    lastText: () => JSON.stringify(last),
    async pull() {
      if (isOver) return false
      if (await inner.pull()) return true
      isOver = true
      guarded(() => reader.finish())
      return false
    },
    abort: (reason) => inner.abort(reason),
    figures: inner.figures
  }
}
