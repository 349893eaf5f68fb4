/**
 * Lets the clients of `@ton/ton`, which are built on axios, use our HTTP client: the caller's `fetch`, rate limit, repeats
 * and size limits instead of axios' own transport.
 *
 * @module
 */
import type { TonClientParameters } from '@ton/ton'
import { badResponse } from './errors.js'
import type { HttpClient } from './http-client.js'

/** The adapter type of the axios that `@ton/ton` brings. */
export type AxiosBridge = Extract<NonNullable<TonClientParameters['httpAdapter']>, (...args: never[]) => unknown>

/** An axios adapter over `client`; `signal` cancels every request made through it. */
export function axiosBridge(client: HttpClient, source: string, signal: AbortSignal | undefined): AxiosBridge {
  return async (config) => {
    if (config.url === undefined) throw badResponse(source, 'a request without a URL')
    const headers = Object.fromEntries(
      Object.entries(config.headers.toJSON()).map(([name, value]) => [name, String(value)])
    )
    const data = await client.text({
      method: config.method?.toUpperCase() === 'POST' ? 'POST' : 'GET',
      url: config.url,
      headers,
      body: typeof config.data === 'string' ? config.data : undefined,
      signal
    })
    return { data, status: 200, statusText: 'OK', headers: {}, config }
  }
}
