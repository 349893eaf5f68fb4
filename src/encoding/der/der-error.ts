/**
 * The one way in which the DER code refuses: a typed error with its own words per reason.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** Makes the error of a malformed or non-canonical encoding; the reader that raised it is of no further use. */
export function derError(message: string): CocoonError {
  return new CocoonError('ERR_DER', `DER: ${message}`, { phase: 'encoding' })
}
