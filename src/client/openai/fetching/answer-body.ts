/**
 * Answers as the Responses of `fetch`: whole bodies, and streams of well-formed server-sent events.
 *
 * @module
 */
import { encodeUtf8 } from '../../../encoding/utf8.js'
import { CocoonError } from '../../../errors.js'
import type { OpenAnswer } from '../answer.js'
import { abandoned } from '../chunk-stream.js'
import { answerHeaders } from '../contact.js'
import { bodyFailure, TruncatedStreamError } from '../errors.js'
import type { EventReader } from '../event-reader.js'
import { errorBody } from './error-response.js'

/** Characters of events that are written as one piece when they are already here. */
const BATCH_CHARS = 16_384

/**
 * The stream as server-sent events, ending in `[DONE]` exactly when the final part came. A failure is one
 * `data: {"error":…}` event, after which the body errors; an abort errors the body with the signal's reason.
 */
export function eventStreamBody(reader: EventReader, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  let failure: unknown
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (failure !== undefined) return controller.error(failure)
        let batch = ''
        try {
          for (;;) {
            const value = reader.poll()
            if (value !== undefined) batch += `data: ${reader.lastText()}\n\n`
            else if (batch !== '') break
            else if (!(await reader.pull())) {
              controller.enqueue(encodeUtf8('data: [DONE]\n\n'))
              return controller.close()
            }
            if (batch.length >= BATCH_CHARS) break
          }
        } catch (error) {
          if (signal?.aborted) return controller.error(signal.reason)
          failure = error
          reader.abort(abandoned(error))
          const shape = errorBody(CocoonError.from(error, 'ERR_INTERNAL', { phase: 'stream', charged: 'unknown' }))
          batch += `data: ${JSON.stringify(shape)}\n\n`
        }
        controller.enqueue(encodeUtf8(batch))
      },
      cancel(reason) {
        reader.abort(abandoned(reason))
      }
    },
    { highWaterMark: 0 }
  )
}

/** The status as a Response with a body takes it: a good one that allows none is 200, anything impossible 502. */
export function statusWithBody(status: number): number {
  if (status === 204 || status === 205) return 200
  return status >= 200 && status <= 599 && status !== 304 ? status : 502
}

/**
 * An answer as it comes, unread: for answers to encrypted requests that nobody on the way can understand. The body errors
 * when the answer is not whole.
 */
export function passedAnswer({ answer, budget, redact }: OpenAnswer): Response {
  const headers = answerHeaders(answer)
  const type = answer.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  if (type?.toLowerCase().startsWith('text/event-stream') === true) headers.set('content-type', 'text/event-stream')
  // The request went out and may be charged; client libraries repeat what looks like a fault of the server.
  if (answer.status < 200 || answer.status > 299) headers.set('x-should-retry', 'false')
  const parts = answer.parts[Symbol.asyncIterator]()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          for (let step = await parts.next(); step.done !== true; step = await parts.next())
            if (step.value.length > 0) return controller.enqueue(step.value)
          if (!(await answer.final).complete) throw new TruncatedStreamError({})
          controller.close()
        } catch (cause) {
          controller.error(redact(bodyFailure(cause)))
        }
        stop()
      },
      cancel(reason) {
        answer.cancel(abandoned(reason))
        stop()
      }
    },
    { highWaterMark: 0 }
  )
  const onBudget = (): void => answer.cancel(budget.signal.reason)
  function stop(): void {
    budget.signal.removeEventListener('abort', onBudget)
    budget.release()
  }
  budget.signal.addEventListener('abort', onBudget, { once: true })
  return new Response(body, { status: statusWithBody(answer.status), headers })
}
