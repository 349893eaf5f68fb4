/**
 * The error of the envelope room.
 *
 * @module
 */
import { CocoonError, type CocoonErrorOptions, type ErrorCode } from '../errors.js'

/** Codes of {@link EnvelopeError}. */
export type EnvelopeErrorCode = Extract<ErrorCode, `ERR_ENVELOPE_${string}`>

/**
 * A request that cannot be encrypted as it must be, or an answer that is not what the network owes.
 *
 * - `ERR_ENVELOPE_KEY`: a key that does not parse, is unusable, or is the published test key.
 * - `ERR_ENVELOPE_FIELD`: a request that would leave text readable or break the worker; `field` is its path.
 * - `ERR_ENVELOPE_PLAINTEXT`: clear text where ciphertext is due.
 * - `ERR_ENVELOPE_SENDER`: an answer of another sender, or for another request.
 * - `ERR_ENVELOPE_DECRYPT`: ciphertext that was altered, or an envelope that is malformed.
 *
 * No message holds content of a request or an answer. Nothing is kept between calls, so all stays usable afterwards.
 */
export class EnvelopeError extends CocoonError {
  declare readonly code: EnvelopeErrorCode

  constructor(code: EnvelopeErrorCode, message: string, options: Partial<CocoonErrorOptions> = {}) {
    super(code, message, { phase: 'envelope', ...options })
    this.name = 'EnvelopeError'
  }
}

/** Longest path of a field that an error shows. Names are the caller's, or the peer's: they are cut, not trusted. */
const MAX_PATH_CHARS = 120

/** Short form of a path for messages. */
export function shortPath(path: string): string {
  if (path === '') return '(body)'
  return path.length > MAX_PATH_CHARS ? `${path.slice(0, MAX_PATH_CHARS)}…` : path
}

/** `ERR_ENVELOPE_FIELD` for a place in a request. */
export function fieldError(path: string, reason: string, remedy?: string): EnvelopeError {
  const field = shortPath(path)
  return new EnvelopeError('ERR_ENVELOPE_FIELD', `field '${field}' ${reason}`, { field, httpStatus: 400, remedy })
}

/** An error about an answer: the request ran and was charged. */
export function answerError(code: EnvelopeErrorCode, message: string): EnvelopeError {
  return new EnvelopeError(code, message, { httpStatus: 502, charged: 'unknown' })
}
