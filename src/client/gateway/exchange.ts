/**
 * One HTTP exchange with the gateway: no redirects, no cookies, nothing repeated.
 *
 * @module
 */
import { concatBytes } from '../../encoding/bytes.js'
import { decodeUtf8 } from '../../encoding/utf8.js'
import { CocoonError } from '../../errors.js'
import type { GatewayEndpoint } from './endpoint.js'
import type { GatewayHeaders } from './options.js'

/** What an exchange needs. */
export interface ExchangeSettings {
  readonly endpoint: GatewayEndpoint
  readonly headers: GatewayHeaders | undefined
  readonly fetch: typeof globalThis.fetch
}

/** A request to the gateway. */
export interface GatewayRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body?: Uint8Array | undefined
  readonly signal: AbortSignal
}

/** Body size up to which the reference client answers (v3.md §8); beyond, it closes the connection. */
const REFERENCE_BODY_LIMIT = 1_048_576

/**
 * Sends and waits for the head.
 *
 * @throws CocoonError the signal's reason | `ERR_CONNECTION_LOST`: whether the request arrived is unknown |
 * `ERR_GATEWAY_REDIRECT` | `ERR_OPTIONS` for headers that cannot be sent.
 */
export async function exchange(settings: ExchangeSettings, request: GatewayRequest): Promise<Response> {
  const { endpoint, fetch } = settings
  const { method, path, body, signal } = request
  const headers = await buildHeaders(settings.headers, request.headers)
  signal.throwIfAborted()
  let response: Response
  try {
    response = await fetch(endpoint.urlOf(path), {
      method,
      headers,
      signal,
      // A copy of the type only; bytes are sent as they are.
      ...(body !== undefined && { body: body as BodyInit }),
      redirect: 'manual',
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'no-referrer'
    })
  } catch (cause) {
    throw lost(cause, signal, method === 'POST', body)
  }
  const isElsewhere = response.redirected || (response.url !== '' && !isAt(endpoint, response.url))
  if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status <= 399) || isElsewhere) {
    discard(response)
    throw new CocoonError('ERR_GATEWAY_REDIRECT', 'the gateway answered with a redirect, which is not followed', {
      phase: 'gateway',
      httpStatus: 502,
      charged: isElsewhere ? 'unknown' : 'no',
      remedy: "give the gateway's final URL"
    })
  }
  return response
}

/** Reads a body whole. @throws CocoonError `ERR_ANSWER_TOO_LARGE` | `ERR_CONNECTION_LOST` | the signal's reason. */
export async function readText(response: Response, maxBytes: number, signal: AbortSignal): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of readParts(response, signal, false)) {
    length += part.length
    if (length > maxBytes) {
      throw new CocoonError('ERR_ANSWER_TOO_LARGE', `the gateway's answer is longer than ${maxBytes} bytes`, {
        phase: 'gateway',
        httpStatus: 502
      })
    }
    parts.push(part)
  }
  return decodeUtf8(concatBytes(...parts))
}

/** The body's parts. Leaving the loop gives the rest up. */
export async function* readParts(
  response: Response,
  signal: AbortSignal,
  isCharged: boolean
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  let isOver = false
  try {
    for (;;) {
      const step = await reader.read()
      isOver = step.done
      if (step.done) return
      yield step.value
    }
  } catch (cause) {
    isOver = true
    throw lost(cause, signal, isCharged, undefined)
  } finally {
    if (!isOver) await reader.cancel().catch(() => undefined)
  }
}

/** Lets go of a body that nobody reads. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined)
}

function isAt(endpoint: GatewayEndpoint, url: string): boolean {
  try {
    return new URL(url).origin === endpoint.origin
  } catch {
    return false
  }
}

async function buildHeaders(source: GatewayHeaders | undefined, own: GatewayRequest['headers']): Promise<Headers> {
  const given = typeof source === 'function' ? await source() : source
  try {
    const headers = new Headers(given)
    headers.delete('cookie')
    for (const [name, value] of own) headers.set(name, value)
    return headers
  } catch {
    // The platform's own error quotes the value, which may be a credential.
    throw new CocoonError('ERR_OPTIONS', 'option gateway.headers holds a header that cannot be sent', {
      phase: 'options',
      field: 'gateway.headers'
    })
  }
}

function lost(cause: unknown, signal: AbortSignal, isCharged: boolean, body: Uint8Array | undefined): CocoonError {
  if (signal.aborted) return CocoonError.from(signal.reason, 'ERR_ABORTED', { phase: 'gateway', charged: 'unknown' })
  if (CocoonError.is(cause)) return cause
  return new CocoonError('ERR_CONNECTION_LOST', 'the connection to the gateway failed', {
    phase: 'gateway',
    httpStatus: 502,
    charged: isCharged ? 'unknown' : 'no',
    retryable: !isCharged,
    cause,
    remedy:
      (body?.length ?? 0) > REFERENCE_BODY_LIMIT
        ? 'the reference client takes requests of at most 1 MiB: send less, or use a gateway of cocoonkit'
        : undefined
  })
}
