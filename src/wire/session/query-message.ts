/**
 * A request as the message that carries it (session.md §5, v3.md §1.2).
 *
 * @module
 */
import { encodeTl, type TlObject } from '../../encoding/tl/index.js'
import { CocoonError } from '../../errors.js'
import type { InferenceRequest } from '../../runtime/ports/inference.js'

/** Share of the caller's remaining time that the proxy is given, as the reference client does it. */
const PROXY_SHARE = 0.95
/** Longest time asked for, seconds; a budget without an end must still be a number on the wire. */
const LONGEST_TIMEOUT_SECONDS = 86_400
/** First version that understands `public_key`. Older proxies drop a query with it without a word. */
const FIRST_VERSION_WITH_KEY = 3

/** What the session adds to a request. */
export interface QueryFrame {
  readonly requestId: Uint8Array
  readonly configVersion: number
  readonly protocolVersion: number
  /** What the proxy gets, see {@link proxyTimeoutSeconds}. */
  readonly timeout: number
}

/** Seconds that the proxy gets. */
export function proxyTimeoutSeconds(remainingMs: number): number {
  return Math.min((PROXY_SHARE * Math.max(0, remainingMs)) / 1000, LONGEST_TIMEOUT_SECONDS)
}

/**
 * `client.runQueryEx` inside `tcp.packet`, which works on every version (as `tcp.query` it would be refused).
 *
 * `enable_debug` is always present, as the reference sends it. `public_key` is present only when a key is given: the
 * reference sends 32 zero bytes instead, which the proxy takes for "no key" just the same, and leaving them out keeps the
 * message in the form that every version parses.
 *
 * @throws CocoonError `ERR_ENCRYPTION_UNAVAILABLE` when a key is given and the proxy is too old for it | `ERR_TL_ENCODE`.
 */
export function queryPacket(request: InferenceRequest, frame: QueryFrame): TlObject {
  const { networkPublicKey: publicKey } = request
  if (publicKey !== undefined && frame.protocolVersion < FIRST_VERSION_WITH_KEY) {
    throw new CocoonError('ERR_ENCRYPTION_UNAVAILABLE', 'this proxy is too old for encrypted requests', {
      phase: 'query',
      remedy: 'choose a proxy with protocol version 3 or later'
    })
  }
  const query = encodeTl({
    type: 'http.request',
    method: 'POST',
    url: request.path,
    httpVersion: 'HTTP/1.1',
    headers: request.headers.map(([name, value]) => ({ name, value })),
    payload: request.body
  })
  const data = encodeTl({
    type: 'client.runQueryEx',
    modelName: request.model,
    query,
    maxCoefficient: request.maxCoefficient,
    maxTokens: request.reservedTokens,
    timeout: frame.timeout,
    requestId: frame.requestId,
    // Declared signed, compared unsigned.
    minConfigVersion: frame.configVersion | 0,
    enableDebug: request.enableDebug,
    ...(publicKey === undefined ? {} : { publicKey })
  })
  return { type: 'tcp.packet', data }
}
