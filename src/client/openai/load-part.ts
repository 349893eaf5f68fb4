/**
 * Parts of the library that a bundle may have set apart.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** The part. @throws CocoonError `ERR_INTERNAL` when it cannot be loaded: nothing was sent. The next call tries again. */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'request' })
  }
}
