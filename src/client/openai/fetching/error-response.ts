/**
 * How every error looks in OpenAI's shape.
 *
 * @module
 */
import { CocoonError } from '../../../errors.js'
import { type CallContact, peerHeaders } from '../contact.js'

/** Statuses by code; codes that are absent stand for a failure of the transport, 502. */
const STATUSES: Readonly<Record<string, number>> = {
  ERR_OPTIONS: 400,
  ERR_REQUEST_FIELD: 400,
  ERR_REQUEST_INVALID: 400,
  ERR_ENVELOPE_FIELD: 400,
  ERR_AUTHORIZATION: 401,
  ERR_AUTHORIZATION_LONG_REQUIRED: 401,
  ERR_UNAUTHORIZED: 401,
  ERR_ACCOUNT: 401,
  ERR_LIMIT_EXCEEDED: 402,
  ERR_REQUEST_TOO_LARGE: 413,
  ERR_INTERNAL: 500,
  ERR_TIMEOUT: 504
}

/** Statuses by the numeric code of a refusal (session.md §12). */
const PEER_STATUSES: Readonly<Record<number, number>> = { 621: 400, 651: 502, 652: 504 }

/**
 * HTTP status that stands for an error in an OpenAI-shaped answer: its own where it has one, 652 → 504, 651 → 502,
 * 621 → 400, authorisation → 401, everything about the transport → 502.
 */
export function statusOf(error: CocoonError): number {
  const own = error.httpStatus
  if (own !== undefined && own >= 400 && own <= 599) return own
  if (error.code === 'ERR_QUERY_REFUSED') return PEER_STATUSES[error.peerCode ?? -1] ?? 502
  if (error.code === 'ERR_NO_PROXY' && CocoonError.is(error.cause)) return statusOf(error.cause)
  return STATUSES[error.code] ?? 502
}

/** Whether a client library may repeat the call: only when the error says so and no charge is possible. */
export function mayRetry(error: CocoonError): boolean {
  return error.retryable && error.charged === 'no'
}

/** OpenAI's names for kinds of failure. */
function typeOf(error: CocoonError, status: number): string {
  if (status === 401) return 'authentication_error'
  if (status < 500) return 'invalid_request_error'
  return error.code === 'ERR_UPSTREAM_HTTP' || error.code === 'ERR_STREAM_ERROR_EVENT'
    ? 'upstream_error'
    : 'server_error'
}

/**
 * The error as the body of an OpenAI answer: `{ error: { message, type, param, code, … } }`. Beyond OpenAI's four
 * fields it carries phase, charged, retryable, remedy, and the peer's own words as `peer_text` (untrusted).
 */
export function errorBody(error: CocoonError): { readonly error: Record<string, unknown> } {
  const status = statusOf(error)
  const body: Record<string, unknown> = {
    message: error.remedy === undefined ? error.message : `${error.message} (${error.remedy})`,
    type: typeOf(error, status),
    param: error.field ?? null,
    code: error.code,
    status,
    phase: error.phase,
    charged: error.charged,
    retryable: mayRetry(error)
  }
  if (error.peerCode !== undefined) body['peer_code'] = error.peerCode
  if (error.peerText !== undefined) body['peer_text'] = error.peerText
  return { error: body }
}

/** A failure as the Response that `fetch` resolves to. */
export function errorResponse(error: CocoonError, headers: Headers = new Headers()): Response {
  headers.set('content-type', 'application/json')
  if (!mayRetry(error)) headers.set('x-should-retry', 'false')
  return new Response(JSON.stringify(errorBody(error)), { status: statusOf(error), headers })
}

/** Headers of an error: as much of an answer's as is known. */
export function contactHeaders({ peer, requestId }: CallContact): Headers {
  const headers = peer === undefined ? new Headers() : peerHeaders(peer)
  if (requestId !== undefined && requestId !== '') headers.set('x-request-id', requestId)
  return headers
}
