/**
 * From the caller's body to the request that leaves: takes out what is meant for the library, chooses the rules by the
 * peer's version, translates, checks, and writes the body once.
 *
 * @module
 */
import { encodeUtf8 } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import type { InferencePeer, InferenceRequest } from '../../runtime/ports/inference.js'
import { encodeMultipart, type FilePart } from './multipart.js'
import { checkInteger, type RequestOptions, type SurfaceContext } from './options.js'
import { checkRequest, chooseRules, type EndpointPath, fieldError, rulesFor } from './rules/index.js'
import { baseName, translateBody } from './translate.js'

/** A request that waits for its peer. */
export interface PendingRequest {
  /** Whether the caller wants a stream. */
  readonly streams: boolean
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** The caller's body, for cutting it out of errors. */
  readonly source: unknown
  /** Makes the request for a peer. @throws CocoonError `ERR_REQUEST_FIELD` | `ERR_REQUEST_INVALID`. */
  prepare(peer: InferencePeer): InferenceRequest
}

/** Headers of a JSON request. The caller's own never travel; the worker adds the length (session.md §6.2). */
const JSON_HEADERS: InferenceRequest['headers'] = [
  ['Host', 'localhost'],
  ['Content-Type', 'application/json']
]

/**
 * Reads `max_coefficient`, `timeout` (seconds) and `enable_debug` out of the body (request options win), and checks
 * what needs no peer.
 *
 * @param file - The file of a multipart request.
 * @throws CocoonError `ERR_REQUEST_INVALID` | `ERR_REQUEST_FIELD` | `ERR_OPTIONS`.
 */
export function createPendingRequest(
  context: SurfaceContext,
  path: EndpointPath,
  source: unknown,
  options: RequestOptions,
  file?: FilePart
): PendingRequest {
  if (typeof source !== 'object' || source === null || Array.isArray(source))
    throw invalidRequest('the request body must be an object')
  const { max_coefficient: coefficient, timeout, enable_debug: debug, ...body } = source as Record<string, unknown>
  const { defaults } = context
  const model = body['model']
  if (typeof model !== 'string' || model === '')
    throw fieldError('model', 'is required', 'name a model that models.list() shows')
  const streams = body['stream'] === true
  const buffered =
    streams && path !== '/v1/audio/transcriptions' && (options.streamFallback ?? defaults.streamFallback) === 'buffered'
  if (buffered) {
    body['stream'] = false
    delete body['stream_options']
  }
  const translates = options.translate ?? defaults.translate
  const settings = {
    maxCoefficient:
      options.maxCoefficient ?? readField('max_coefficient', coefficient, isInteger) ?? defaults.maxCoefficient,
    enableDebug: options.debug ?? readField('enable_debug', debug, isBoolean) ?? defaults.debug,
    reservedTokens: readLimit(body, translates) ?? defaults.reservedTokens
  }
  checkInteger('maxCoefficient', settings.maxCoefficient)
  const seconds = readField('timeout', timeout, isDuration)
  return {
    streams,
    timeoutMs: options.timeoutMs ?? (seconds === undefined ? defaults.timeoutMs : seconds * 1000),
    signal: options.signal,
    source,
    prepare(peer) {
      const rules = chooseRules(context.rules, peer)
      const rule = rulesFor(rules, path)
      const sent = translates ? translateBody(body, rule, rules, streams && !buffered) : body
      checkRequest(sent, rule, rules.name)
      const { contentType, body: bytes } =
        file === undefined ? encodeJson(sent) : encodeMultipart(sent, file, context.random)
      const headers =
        contentType === undefined
          ? JSON_HEADERS
          : [['Host', 'localhost'] as const, ['Content-Type', contentType] as const]
      return { model: baseName(model), path, headers, body: bytes, ...settings }
    }
  }
}

/** `ERR_REQUEST_INVALID`, answered with 400. */
export function invalidRequest(message: string, httpStatus = 400): CocoonError {
  return new CocoonError('ERR_REQUEST_INVALID', message, { phase: 'request', httpStatus })
}

function encodeJson(body: object): { readonly contentType: undefined; readonly body: Uint8Array } {
  let text: string
  try {
    text = JSON.stringify(body)
  } catch {
    // The engine's own error may quote keys of the body.
    throw invalidRequest('the request body cannot be written as JSON')
  }
  return { contentType: undefined, body: encodeUtf8(text) }
}

/** The body's own limit. Two that differ mean two things at once: the reservation would go by one, the worker by the other. */
function readLimit(body: Readonly<Record<string, unknown>>, translates: boolean): number | undefined {
  const newer = readField('max_completion_tokens', body['max_completion_tokens'], isInteger)
  const older = readField('max_tokens', body['max_tokens'], isInteger)
  if (!translates && newer !== undefined && older !== undefined && newer !== older) {
    throw fieldError('max_tokens', 'differs from max_completion_tokens', 'give only one of the two')
  }
  return newer ?? older
}

function readField<T>(name: string, value: unknown, accepts: (value: unknown) => value is T): T | undefined {
  if (value === undefined || value === null) return undefined
  if (accepts(value)) return value
  throw fieldError(name, 'is of the wrong type or out of range')
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 2_147_483_647
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0
}
