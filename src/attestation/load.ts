/**
 * Parts of the verifier that are loaded when they are due.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

/**
 * A loader that loads once. A load that failed is tried again by the next call; until it succeeds nobody is judged.
 *
 * @throws CocoonError `ERR_INTERNAL`, retryable: the part could not be fetched.
 */
export function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () =>
    (loading ??= load().catch((cause: unknown) => {
      loading = undefined
      const message = 'a part of the verifier could not be loaded, so nobody is judged'
      throw new CocoonError('ERR_INTERNAL', message, { phase: 'attestation', retryable: true, cause })
    }))
}
