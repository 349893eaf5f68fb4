/**
 * Answers one call of `fetch`.
 *
 * @module
 */
import { CocoonError } from '../../../errors.js'
import { openAnswer, readEvents, readWhole } from '../answer.js'
import { answerHeaders, type CallContact, peerHeaders } from '../contact.js'
import type { FetchCall } from '../fetch-arguments.js'
import { loadPart } from '../load-part.js'
import type { FilePart } from '../multipart.js'
import type { SurfaceContext } from '../options.js'
import { promptedRequest } from '../prompted-request.js'
import { createPendingRequest } from '../request.js'
import { invalidRequest } from '../request-fields.js'
import type { EndpointPath } from '../rules/index.js'
import { eventStreamBody, passedAnswer, statusWithBody } from './answer-body.js'
import { contactHeaders, errorResponse } from './error-response.js'
import { listModels, retrieveModel } from './models.js'
import { answerOutcome, errorOutcome, finalFigures, withOutcome } from './outcome.js'

/** The part of a path that decides; what stands before it (an origin, a prefix) does not matter. */
const ROUTE = /\/v1(\/chat\/completions|\/completions|\/audio\/transcriptions|\/models(?:\/(.+))?)$/

/** A Response for everything but an abort. @throws the signal's reason. */
export async function answerCall(context: SurfaceContext, call: FetchCall): Promise<Response> {
  const contact: CallContact = {}
  try {
    call.signal?.throwIfAborted()
    return await route(context, call, contact)
  } catch (cause) {
    if (call.signal?.aborted) throw call.signal.reason
    const error = CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'request', charged: 'unknown' })
    return withOutcome(errorResponse(error, contactHeaders(contact)), errorOutcome(error, contact))
  }
}

async function route(context: SurfaceContext, call: FetchCall, contact: CallContact): Promise<Response> {
  const match = ROUTE.exec(call.path)
  if (match === null) return errorResponse(invalidRequest('there is no such path', 404))
  const isModels = match[1]?.startsWith('/models') === true
  const allowed = isModels ? 'GET' : 'POST'
  if (call.method !== allowed)
    return errorResponse(invalidRequest('the method is not allowed', 405), new Headers({ allow: allowed }))
  if (isModels) return answerModels(context, match[2], call.signal, contact)
  return answerRequest(context, `/v1${match[1] as string}` as EndpointPath, call, contact)
}

async function answerModels(
  context: SurfaceContext,
  id: string | undefined,
  signal: AbortSignal | undefined,
  contact: CallContact
): Promise<Response> {
  const options = { signal }
  if (id === undefined) {
    const { peer, list } = await listModels(context, options)
    return Response.json(list, { headers: peerHeaders(peer) })
  }
  const { peer, model } = await retrieveModel(context, decodeName(id), options, contact)
  return Response.json(model, { headers: peerHeaders(peer) })
}

async function answerRequest(
  context: SurfaceContext,
  path: EndpointPath,
  call: FetchCall,
  contact: CallContact
): Promise<Response> {
  const { signal } = call
  const form = path === '/v1/audio/transcriptions' ? await readForm(call) : undefined
  const { value, text: json } = form === undefined ? await readJson(call) : { value: form.fields, text: undefined }
  const prompted = await promptedRequest(context, path, value, {})
  const source = { file: form?.file, text: json }
  const request = await createPendingRequest(context, path, prompted?.body ?? value, { signal }, source)
  const open = await openAnswer(context, request, { anyStatus: request.isSealed, contact })
  const { answer } = open
  // What an encrypted form asks for cannot be seen, and neither can what an encrypted error says: both pass as they are.
  if (request.isSealed && (form !== undefined || answer.status < 200 || answer.status > 299))
    return withOutcome(passedAnswer(open), answerOutcome(answer, finalFigures(answer, context.priceAt(answer.peer))))
  if (!request.streams) {
    const whole = await readWhole(context, open)
    const { text, figures } = prompted?.whole(whole) ?? whole
    const response = new Response(text, {
      status: statusWithBody(answer.status),
      headers: answerHeaders(answer, figures)
    })
    return withOutcome(response, answerOutcome(answer, figures))
  }
  const headers = answerHeaders(answer)
  headers.set('content-type', 'text/event-stream; charset=utf-8')
  headers.set('cache-control', 'no-cache')
  const events = readEvents(context, open)
  const reader = prompted?.reader(events) ?? events
  return withOutcome(new Response(eventStreamBody(reader, signal), { headers }), answerOutcome(answer, reader.figures))
}

async function readJson(call: FetchCall): Promise<{ readonly value: unknown; readonly text: string }> {
  try {
    const text = typeof call.rawBody === 'string' ? call.rawBody : await call.body().text()
    return { value: JSON.parse(text), text }
  } catch {
    // The engine's own error quotes the body.
    throw invalidRequest('the request body is not JSON')
  }
}

/** Reads a form: its file, and the text fields in the types that the rules know. */
async function readForm(
  call: FetchCall
): Promise<{ readonly fields: Record<string, unknown>; readonly file: FilePart }> {
  let form: FormData
  try {
    form = call.rawBody instanceof FormData ? call.rawBody : await call.body().formData()
  } catch {
    throw invalidRequest('the request body is not multipart/form-data')
  }
  return (await loadPart(() => import('../forms/index.js'))).readForm(form)
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
