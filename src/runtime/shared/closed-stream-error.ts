/**
 * The error of a stream that its own side has closed.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** `ERR_CLOSED`, for every later read or write of a closed byte stream. */
export function closedStreamError(): CocoonError {
  return new CocoonError('ERR_CLOSED', 'the stream was closed', { phase: 'close' })
}
