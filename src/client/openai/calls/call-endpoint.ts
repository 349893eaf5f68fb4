/**
 * One call of a `create` resource.
 *
 * @module
 */
import { type OpenAnswer, openAnswer, readEvents, readWhole } from '../answer.js'
import { createChunkStream } from '../chunk-stream.js'
import { answerHeaders } from '../contact.js'
import type { CallFigures } from '../figures.js'
import { loadPart } from '../load-part.js'
import type { RequestOptions, SurfaceContext } from '../options.js'
import { promptedRequest } from '../prompted-request.js'
import { createPendingRequest } from '../request.js'
import type { EndpointPath } from '../rules/index.js'
import type { AnswerContext, StreamResult, WholeResult } from '../types.js'

/** Asks, and waits for the whole answer or for the head of a stream. @throws CocoonError of any phase. */
export async function callEndpoint(
  context: SurfaceContext,
  path: EndpointPath,
  body: unknown,
  options: RequestOptions
): Promise<WholeResult<unknown> | StreamResult<unknown>> {
  const forms = path === '/v1/audio/transcriptions' ? await loadPart(() => import('../forms/index.js')) : undefined
  const file = await forms?.readFile((body as { file?: unknown } | undefined)?.file)
  const prompted = await promptedRequest(context, path, body, options)
  const request = await createPendingRequest(context, path, prompted?.body ?? body, options, { file })
  const open = await openAnswer(context, request)
  if (request.streams) {
    const events = readEvents(context, open)
    const reader = prompted?.reader(events) ?? events
    const final = reader.figures
    return {
      ...describe(open, final),
      data: createChunkStream(reader),
      costNano: final.then(({ costNano }) => costNano),
      tokensUsed: final.then(({ tokensUsed }) => tokensUsed)
    }
  }
  const whole = await readWhole(context, open)
  const { value, figures } = prompted?.whole(whole) ?? whole
  return { ...figures, ...describe(open, Promise.resolve(figures), figures), data: value }
}

function describe({ answer }: OpenAnswer, final: Promise<CallFigures>, figures?: CallFigures): AnswerContext {
  const { requestId, peer, status } = answer
  const response = new Response(null, { status, headers: answerHeaders(answer, figures) })
  const encrypted = answer.encrypted === true
  return { response, requestId, attestationId: peer.attestationId, peer, encrypted, receipt: answer.receipt, final }
}
