/**
 * Failures of the gateway itself, in one place.
 *
 * @module
 */
import { CocoonError, type ErrorCode } from '../errors.js'

/** An error of the gateway with its HTTP status. Nothing was charged. */
export function gatewayError(
  code: ErrorCode,
  message: string,
  httpStatus: number,
  more: { readonly remedy?: string; readonly retryable?: boolean; readonly field?: string } = {}
): CocoonError {
  return new CocoonError(code, message, { phase: 'gateway', httpStatus, ...more })
}

/** `ERR_UNAUTHORIZED`, 401. What was wrong with a credential is not told to who presented it. */
export function unauthorized(message = 'the credentials are missing or not valid'): CocoonError {
  return gatewayError('ERR_UNAUTHORIZED', message, 401)
}

/** The error itself when it is ours. What others throw may hold anything, and is not shown to strangers. */
export function ownError(cause: unknown): CocoonError {
  if (CocoonError.is(cause)) return cause
  return new CocoonError('ERR_INTERNAL', 'the gateway failed', {
    phase: 'gateway',
    charged: 'unknown',
    httpStatus: 500,
    cause
  })
}
