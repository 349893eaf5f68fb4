/**
 * Answers as the Responses of `fetch`: headers, whole bodies, and streams of well-formed server-sent events.
 *
 * @module
 */
import { encodeUtf8 } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import type { InferenceAnswer, InferencePeer } from '../../runtime/ports/inference.js'
import { abandoned } from './chunk-stream.js'
import { errorBody } from './errors.js'
import type { EventReader } from './event-reader.js'
import type { CallFigures } from './figures.js'

/** Characters of events that are written as one piece when they are already here. */
const BATCH_CHARS = 16_384

/** Headers that say who answered. */
export function peerHeaders(peer: InferencePeer): Headers {
  const headers = new Headers({ 'x-cocoon-proxy': peer.address, 'x-cocoon-verified': String(peer.verified) })
  if (peer.attestationId !== null) headers.set('x-cocoon-attestation', peer.attestationId)
  return headers
}

/** Headers of an answer; with figures, tokens and cost too. The inference server's own headers are not passed on: none can be believed. */
export function answerHeaders(answer: InferenceAnswer, figures?: CallFigures): Headers {
  const headers = peerHeaders(answer.peer)
  headers.set('x-request-id', answer.requestId)
  headers.set('content-type', 'application/json')
  if (figures?.tokensUsed !== undefined) headers.set('x-cocoon-tokens', String(figures.tokensUsed.total))
  if (figures?.costNano !== undefined) {
    headers.set('x-cocoon-cost-nano', String(figures.costNano))
    headers.set('x-cocoon-cost-source', String(figures.costSource))
  }
  return headers
}

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
