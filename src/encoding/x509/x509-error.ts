/**
 * The one way in which the X.509 code refuses.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** Makes the error of a structure that is not the X.509 that the library reads. */
export function x509Error(message: string): CocoonError {
  return new CocoonError('ERR_X509', `X.509: ${message}`, { phase: 'encoding' })
}
