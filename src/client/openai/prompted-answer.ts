/**
 * Where prompted requests meet the surface: decides whether a request is one, loads the code for it only then, and reads
 * its answers back.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { WholeAnswer } from './answer.js'
import type { EventReader } from './event-reader.js'
import type { RequestOptions, SurfaceContext } from './options.js'
import type { PromptedRequest } from './prompted/index.js'
import { isSealedBody } from './sealed-request.js'

/** The rewritten request, or `undefined` for one that goes as it is. @throws CocoonError `ERR_REQUEST_FIELD`. */
export async function promptedRequest(
  context: SurfaceContext,
  path: string,
  body: unknown,
  options: RequestOptions
): Promise<PromptedRequest | undefined> {
  const tools = (options.tools ?? context.defaults.tools) === 'prompt'
  const json = (options.jsonMode ?? context.defaults.jsonMode) === 'prompt'
  if ((!tools && !json) || path !== '/v1/chat/completions') return undefined
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  const fields = body as Record<string, unknown>
  if (isSealedBody(fields)) return undefined
  const { promptRequest } = await import('./prompted/index.js')
  return promptRequest(fields, { tools, json }, { random: context.random, maxChars: context.maxEventChars })
}

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
