/**
 * `fetch` for OpenAI's paths over the network. What answers is loaded by the first call.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
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

/** The arguments of one call. */
export interface FetchCall {
  readonly path: string
  readonly method: string
  readonly contentType: string | null
  readonly signal: AbortSignal | undefined
  /** The body as something that can be read; made when it is needed. */
  readonly body: () => Response | Request
  readonly rawBody: unknown
}

function readArguments(input: RequestInfo | URL, init: RequestInit): FetchCall {
  try {
    const request = typeof input === 'object' && 'url' in input ? input : undefined
    const signal = init.signal ?? request?.signal ?? undefined
    if (signal !== undefined && typeof signal.throwIfAborted !== 'function') throw new TypeError('no signal')
    const { pathname } = new URL(request?.url ?? (input as string | URL), 'http://localhost')
    const headers = new Headers(init.headers ?? request?.headers)
    const rawBody = init.body
    return {
      path: pathname,
      method: (init.method ?? request?.method ?? 'GET').toUpperCase(),
      contentType: headers.get('content-type'),
      signal,
      rawBody,
      body: () => {
        if (rawBody === undefined || rawBody === null) return request ?? new Response('')
        const type = headers.get('content-type')
        return new Response(
          rawBody,
          type === null || rawBody instanceof FormData ? {} : { headers: { 'content-type': type } }
        )
      }
    }
  } catch {
    throw new CocoonError('ERR_OPTIONS', 'fetch was given no valid URL, headers or signal', { phase: 'options' })
  }
}
