/**
 * Who was reached in a call, and under which id: noted while it goes, so that an error can say it too.
 *
 * @module
 */
import type { InferenceAnswer, InferencePeer } from '../../runtime/ports/inference.js'
import type { CallFigures } from './figures.js'

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

/** Headers of an answer; with figures, tokens and cost too. The inference server's own headers are not passed on: none can be believed. */
export function answerHeaders(answer: InferenceAnswer, figures?: CallFigures): Headers {
  const headers = peerHeaders(answer.peer)
  headers.set('x-request-id', answer.requestId)
  headers.set('x-cocoon-encrypted', String(answer.encrypted === true))
  headers.set('content-type', 'application/json')
  if (figures?.tokensUsed !== undefined) headers.set('x-cocoon-tokens', String(figures.tokensUsed.total))
  if (figures?.costNano !== undefined) {
    headers.set('x-cocoon-cost-nano', String(figures.costNano))
    headers.set('x-cocoon-cost-source', String(figures.costSource))
  }
  return headers
}
