/**
 * The arguments of a `fetch`, read before anything is waited for.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** The arguments of one call. */
export interface FetchCall {
  readonly path: string
  readonly method: string
  readonly signal: AbortSignal | undefined
  /** The body as something that can be read; made when it is needed. */
  readonly body: () => Response | Request
  readonly rawBody: unknown
}

/** @throws CocoonError `ERR_OPTIONS` for arguments that no `fetch` takes. */
export function readArguments(input: RequestInfo | URL, init: RequestInit): FetchCall {
  try {
    const request = typeof input === 'object' && 'url' in input ? input : undefined
    const signal = init.signal ?? request?.signal ?? undefined
    if (signal !== undefined && typeof signal.throwIfAborted !== 'function') throw new TypeError('no signal')
    const { pathname } = new URL(request?.url ?? (input as string | URL), 'http://localhost')
    const type = new Headers(init.headers ?? request?.headers).get('content-type')
    const rawBody = init.body
    return {
      path: pathname,
      method: (init.method ?? request?.method ?? 'GET').toUpperCase(),
      signal,
      rawBody,
      body: () => {
        if (rawBody === undefined || rawBody === null) return request ?? new Response('')
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
