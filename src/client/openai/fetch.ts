/**
 * `fetch` for OpenAI's paths over the network. What answers is loaded by the first call.
 *
 * @module
 */
import { readArguments } from './fetch-arguments.js'
import type * as Fetching from './fetching/index.js'
import { loadPart } from './load-part.js'
import type { SurfaceContext } from './options.js'

/** A `fetch`. */
export type FetchFunction = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>

/**
 * Makes the `fetch`. Only the end of the path decides (`…/v1/chat/completions`, `…/v1/completions`, `…/v1/models`,
 * `…/v1/models/{id}`, `…/v1/audio/transcriptions`); origin, prefix and query are ignored, and headers of the caller
 * never travel. It rejects for an abort (with the signal's reason), for arguments that no `fetch` takes (`ERR_OPTIONS`),
 * and when a bundle's part cannot be loaded (`ERR_INTERNAL`); everything else is a Response.
 */
export function createFetch(context: SurfaceContext): FetchFunction {
  return async (input, init = {}) => {
    // Before anything is waited for: the caller may use its options again.
    const call = readArguments(input, init)
    return (await loadFetching()).answerCall(context, call)
  }
}

/** What `fetch` and the list of models need. @throws CocoonError `ERR_INTERNAL`. */
export const loadFetching = (): Promise<typeof Fetching> => loadPart(() => import('./fetching/index.js'))
