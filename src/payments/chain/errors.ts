/**
 * Errors of chain sources.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** The source cannot be reached or refuses to answer; another one, or a later call, may succeed. */
export function unavailable(
  source: string,
  why: string,
  options: { readonly cause?: unknown; readonly httpStatus?: number } = {}
): CocoonError {
  return new CocoonError('ERR_CHAIN_UNAVAILABLE', `${source}: ${why}`, { phase: 'chain', retryable: true, ...options })
}

/** The source answered something that cannot be. */
export function badResponse(source: string, why: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_CHAIN_RESPONSE', `${source}: ${why}`, { phase: 'chain', cause })
}
