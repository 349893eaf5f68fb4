/**
 * Who was reached in a call, and under which id: noted while it goes, so that an error can say it too.
 *
 * @module
 */
import type { InferencePeer } from '../../runtime/ports/inference.js'

/** What is known so far; each call has its own. */
export interface CallContact {
  /** The peer that was asked last; absent when no connection stood. */
  peer?: InferencePeer
  /** Hex id of the request on the network; absent when it never left. */
  requestId?: string
}

/** Headers that say who answered. */
export function peerHeaders(peer: InferencePeer): Headers {
  const headers = new Headers({ 'x-cocoon-proxy': peer.address, 'x-cocoon-verified': String(peer.verified) })
  if (peer.attestationId !== null) headers.set('x-cocoon-attestation', peer.attestationId)
  return headers
}

/** Headers of an error: as much of an answer's as is known. */
export function contactHeaders({ peer, requestId }: CallContact): Headers {
  const headers = peer === undefined ? new Headers() : peerHeaders(peer)
  if (requestId !== undefined && requestId !== '') headers.set('x-request-id', requestId)
  return headers
}
