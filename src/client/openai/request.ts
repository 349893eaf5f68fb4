/**
 * From the caller's body to the request that leaves: takes out what is meant for the library, chooses the rules by the
 * peer's version, translates, checks, and writes the body once.
 *
 * @module
 */
import { loadPart } from './load-part.js'
import type { FilePart } from './multipart.js'
import type { RequestOptions, SurfaceContext } from './options.js'
import {
  encodeJsonBody,
  invalidRequest,
  isSealedBody,
  type PendingRequest,
  readLimit,
  readModel,
  readSettings
} from './request-fields.js'
import { checkRequest, chooseRules, type EndpointPath, rulesFor } from './rules/index.js'
import { baseName, translateBody } from './translate.js'

/** What a request is made from, beside the body. */
export interface RequestSource {
  /** The file of a multipart request. */
  readonly file?: FilePart | undefined
  /** The body's JSON text as received. */
  readonly text?: string | undefined
}

/**
 * Reads `max_coefficient`, `timeout` (seconds) and `enable_debug` out of the body (request options win), and checks
 * what needs no peer. A body that carries an envelope (`is_encrypted`) passes as it is.
 *
 * @throws CocoonError `ERR_REQUEST_INVALID` | `ERR_REQUEST_FIELD` | `ERR_OPTIONS`.
 */
export async function createPendingRequest(
  context: SurfaceContext,
  path: EndpointPath,
  source: unknown,
  options: RequestOptions,
  { file, text }: RequestSource = {}
): Promise<PendingRequest> {
  if (typeof source !== 'object' || source === null || Array.isArray(source))
    throw invalidRequest('the request body must be an object')
  const fields = source as Record<string, unknown>
  if (isSealedBody(fields)) {
    const { createSealedRequest } = await loadPart(() => import('./forms/index.js'))
    return createSealedRequest(context, path, { body: fields, text, file }, options)
  }
  const { max_coefficient: coefficient, timeout, enable_debug: debug, ...body } = fields
  const { defaults } = context
  const model = readModel(body['model'])
  const streams = body['stream'] === true
  const buffered =
    streams && path !== '/v1/audio/transcriptions' && (options.streamFallback ?? defaults.streamFallback) === 'buffered'
  if (buffered) {
    body['stream'] = false
    delete body['stream_options']
  }
  const translates = options.translate ?? defaults.translate
  const { timeoutMs, ...settings } = readSettings({ coefficient, timeout, debug }, options, context)
  const reservedTokens = readLimit(body, translates) ?? defaults.reservedTokens
  const upload = file === undefined ? undefined : { file, ...(await loadPart(() => import('./forms/index.js'))) }
  return {
    streams,
    isSealed: false,
    timeoutMs,
    signal: options.signal,
    source,
    prepare(peer) {
      const rules = chooseRules(context.rules, peer)
      const rule = rulesFor(rules, path)
      const sent = translates ? translateBody(body, rule, rules, streams && !buffered) : body
      checkRequest(sent, rule, rules.name)
      const written = upload?.encodeMultipart(sent, upload.file, context.random) ?? encodeJsonBody(sent)
      return { model: baseName(model), path, ...settings, reservedTokens, ...written }
    }
  }
}
