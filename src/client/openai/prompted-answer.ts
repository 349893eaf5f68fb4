/**
 * Rewrites requests that a model is to answer by prompt, and reads their answers back. Loaded by the first.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { WholeAnswer } from './answer.js'
import type { EventReader } from './event-reader.js'
import type { SurfaceContext } from './options.js'
import { type PromptedRequest, promptRequest } from './prompted/index.js'

/** A rewritten request, and how its answers are read back. */
export interface RewrittenRequest {
  readonly body: object
  readonly whole: (answer: WholeAnswer) => WholeAnswer
  readonly reader: (events: EventReader) => EventReader
}

/** The rewritten request, or `undefined` for one that asks for nothing of it. @throws CocoonError `ERR_REQUEST_FIELD`. */
export function rewriteRequest(
  { random, maxEventChars }: SurfaceContext,
  fields: Record<string, unknown>,
  modes: Parameters<typeof promptRequest>[1]
): RewrittenRequest | undefined {
  const prompted = promptRequest(fields, modes, { random, maxChars: maxEventChars })
  if (prompted === undefined) return undefined
  return {
    body: prompted.body,
    whole: (answer) => promptedWhole(prompted, answer),
    reader: (events) => promptedReader(prompted, events)
  }
}

/** A whole answer, read back. */
function promptedWhole(prompted: PromptedRequest, answer: WholeAnswer): WholeAnswer {
  const value = prompted.readWhole(answer.value)
  return { ...answer, value, text: JSON.stringify(value) }
}

/** A stream, read back event by event. */
function promptedReader(prompted: PromptedRequest, inner: EventReader): EventReader {
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
