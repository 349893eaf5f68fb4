/**
 * The frame of every JSON API: where it is, what identifies the caller, one HTTP client with its rate limit, repeats and
 * bounds, and answers as fields that are checked one by one. An adapter adds paths and shapes and nothing else.
 *
 * @module
 */
import { JsonFields } from './fields.js'
import { HttpClient, type HttpSourceOptions } from './http-client.js'

/** What an API needs of a call. */
export interface JsonApi {
  /** For the clients of `@ton/ton`, which make their own requests. */
  readonly http: HttpClient
  /** A JSON object. @throws CocoonError `ERR_CHAIN_UNAVAILABLE` | `ERR_CHAIN_RESPONSE` | `ERR_ABORTED`. */
  get(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal | undefined): Promise<JsonFields>
  /** The same for a body of JSON. */
  post(path: string, body: object, signal: AbortSignal | undefined): Promise<JsonFields>
  /** A request whose answer says nothing but that it was taken; its body is not looked at. */
  submit(path: string, body: object, signal: AbortSignal | undefined): Promise<void>
}

/** Opens an API. @param headers - Identify the caller. */
export function openJsonApi(
  name: string,
  endpoint: string,
  options: HttpSourceOptions,
  headers: Readonly<Record<string, string>> = {}
): JsonApi {
  const http = new HttpClient(name, options)
  const send = (path: string, body: object, signal: AbortSignal | undefined): Parameters<HttpClient['text']>[0] => ({
    method: 'POST',
    url: `${endpoint}${path}`,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal
  })
  return {
    http,
    get: async (path, query, signal) => {
      const parameters = new URLSearchParams(query).toString()
      const url = `${endpoint}${path}${parameters === '' ? '' : `?${parameters}`}`
      return new JsonFields(name, await http.json({ method: 'GET', url, headers, signal }), 'answer')
    },
    post: async (path, body, signal) => new JsonFields(name, await http.json(send(path, body, signal)), 'answer'),
    submit: async (path, body, signal) => {
      await http.text(send(path, body, signal))
    }
  }
}
