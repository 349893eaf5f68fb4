/**
 * Authorisation: which way, what is sent, what the answer means (session.md §3.1).
 *
 * @module
 */
import { equalBytes } from '../../encoding/index.js'
import type { TlObject, TlValue } from '../../encoding/tl/index.js'
import { CocoonError } from '../../errors.js'
import type { PaymentNote } from '../../runtime/ports/receipt.js'
import { boc } from './payment-notes.js'
import { throwRefused } from './peer-errors.js'
import type { Redact } from './redaction.js'
import type { AuthorizationOffer } from './state.js'
import type { SessionOptions } from './types.js'

/**
 * Short when the proxy offers it and its hash is that of our secret, else long. The secret goes only to a peer that
 * already knows its hash and that the verdict accepted.
 *
 * @throws CocoonError `ERR_AUTHORIZATION_LONG_REQUIRED` when only the long way is left and nobody can walk it.
 */
export async function chooseAuthorization(
  offer: AuthorizationOffer,
  options: SessionOptions
): Promise<'short' | 'long'> {
  const { secret, verdict } = options
  if (offer.kind === 'short' && secret !== undefined && verdict.accepted === true) {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', secret.slice()))
    if (equalBytes(hash, offer.secretHash)) return 'short'
  }
  if (options.authorizeLong !== undefined) return 'long'
  const known = offer.kind === 'short'
  throw new CocoonError(
    'ERR_AUTHORIZATION_LONG_REQUIRED',
    known ? 'the secret is not the one that the chain knows' : 'the proxy has not seen this account yet',
    {
      phase: 'authorization',
      remedy: known
        ? 'give the secret whose SHA-256 the client contract holds, or change the hash on chain'
        : 'register the account at the proxy contract (any message of the client contract does)'
    }
  )
}

/** The query of the chosen way. */
export function authorizeRequest(method: 'short' | 'long', options: SessionOptions): TlObject {
  return method === 'short'
    ? { type: 'client.authorizeWithProxyShort', data: options.secret! }
    : { type: 'client.authorizeWithProxyLong' }
}

/** What the query may be answered with. */
export const AUTHORIZATION_ANSWERS = [
  'client.authorizationWithProxySuccess',
  'client.authorizationWithProxyFailed'
] as const

/**
 * @returns what the proxy says about the account.
 * @throws CocoonError `ERR_AUTHORIZATION`.
 */
export function processAuthorization(
  answer: TlValue<(typeof AUTHORIZATION_ANSWERS)[number]>,
  redact: Redact
): PaymentNote {
  if (answer.type === 'client.authorizationWithProxySuccess') {
    return {
      source: 'authorization',
      signedPayment: boc(answer.signedPayment),
      committedTokens: answer.tokensCommittedToDb,
      totalTokens: answer.maxTokens
    }
  }
  const { errorCode: peerCode, error } = answer
  throw new CocoonError('ERR_AUTHORIZATION', `the proxy refused the account (code ${peerCode})`, {
    phase: 'authorization',
    peerCode,
    peerText: redact(error),
    httpStatus: 401
  })
}

/** Names a refusal by `tcp.queryError`. */
export function authorizationRefused(error: unknown): never {
  throwRefused(error, 'ERR_AUTHORIZATION', 'authorization', 'the account')
}
