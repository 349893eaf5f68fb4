/**
 * Fields of a body that are meant for this library, and the shapes that both clear and encrypted requests share.
 *
 * @module
 */
import { encodeUtf8 } from '../../encoding/utf8.js'
import { CocoonError } from '../../errors.js'
import type { InferencePeer, InferenceRequest } from '../../runtime/ports/inference.js'
import { checkInteger, type RequestOptions, type SurfaceContext } from './options.js'
import { fieldError } from './rules/index.js'

/** A request that waits for its peer. */
export interface PendingRequest {
  /** Whether the caller wants a stream. */
  readonly streams: boolean
  /** Whether the caller encrypted the body: nothing in it, and nothing in its answer, is looked into. */
  readonly isSealed: boolean
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** The caller's body, for cutting it out of errors. */
  readonly source: unknown
  /** Makes the request for a peer. @throws CocoonError `ERR_REQUEST_FIELD` | `ERR_REQUEST_INVALID`. */
  prepare(peer: InferencePeer): InferenceRequest
}

/** Headers of a request. The caller's own never travel; the worker adds the length (session.md §6.2). */
export function headersFor(contentType: string): InferenceRequest['headers'] {
  return [
    ['Host', 'localhost'],
    ['Content-Type', contentType]
  ]
}

/** A request in JSON. @throws CocoonError `ERR_REQUEST_INVALID`. */
export function encodeJsonBody(body: object): Pick<InferenceRequest, 'headers' | 'body'> {
  return { headers: headersFor('application/json'), body: encodeJson(body) }
}

/** What the library reads out of a body, request options winning. */
export interface RequestSettings {
  readonly maxCoefficient: number
  readonly enableDebug: boolean
}

/** The body's fields for the library, as given. */
export interface LibraryFields {
  readonly coefficient: unknown
  readonly timeout: unknown
  readonly debug: unknown
}

/** @throws CocoonError `ERR_REQUEST_FIELD` | `ERR_OPTIONS`. */
export function readSettings(
  { coefficient, debug, timeout }: LibraryFields,
  options: RequestOptions,
  { defaults }: SurfaceContext
): RequestSettings & { readonly timeoutMs: number } {
  const seconds = readField('timeout', timeout, isDuration)
  const maxCoefficient =
    options.maxCoefficient ?? readField('max_coefficient', coefficient, isInteger) ?? defaults.maxCoefficient
  return {
    maxCoefficient: checkInteger('maxCoefficient', maxCoefficient),
    enableDebug: options.debug ?? readField('enable_debug', debug, isBoolean) ?? defaults.debug,
    timeoutMs: options.timeoutMs ?? (seconds === undefined ? defaults.timeoutMs : seconds * 1000)
  }
}

/** The body's own limit. Two that differ mean two things at once: the reservation would go by one, the worker by the other. */
export function readLimit(body: Readonly<Record<string, unknown>>, translates: boolean): number | undefined {
  const newer = readField('max_completion_tokens', body['max_completion_tokens'], isInteger)
  const older = readField('max_tokens', body['max_tokens'], isInteger)
  if (!translates && newer !== undefined && older !== undefined && newer !== older) {
    throw fieldError('max_tokens', 'differs from max_completion_tokens', 'give only one of the two')
  }
  return newer ?? older
}

/** The name of the model. @throws CocoonError `ERR_REQUEST_FIELD`. */
export function readModel(model: unknown): string {
  if (typeof model === 'string' && model !== '') return model
  throw fieldError('model', 'is required', 'name a model that models.list() shows')
}

/** `ERR_REQUEST_INVALID`, answered with 400. */
export function invalidRequest(message: string, httpStatus = 400): CocoonError {
  return new CocoonError('ERR_REQUEST_INVALID', message, { phase: 'request', httpStatus })
}

/** Whether a body carries an envelope. */
export function isSealedBody(body: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(body, 'is_encrypted')
}

/** A body as JSON in UTF-8. @throws CocoonError `ERR_REQUEST_INVALID`. */
function encodeJson(body: object): Uint8Array {
  try {
    return encodeUtf8(JSON.stringify(body))
  } catch {
    // The engine's own error may quote keys of the body.
    throw invalidRequest('the request body cannot be written as JSON')
  }
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
