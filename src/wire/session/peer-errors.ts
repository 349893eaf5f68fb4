/**
 * Error messages of a peer as errors of ours. TON codes: 0 none, 601 failure, 602 error, 603 warning, 621 protocol
 * violation, 651 not ready, 652 timeout, 653 cancelled (session.md, head).
 *
 * @module
 */
import { CocoonError, type Charged, type ErrorCode, type ErrorPhase } from '../../errors.js'
import type { InferenceFinal } from '../../runtime/ports/inference.js'

/** Code for "not ready": nothing was done, somebody else or a later moment may do it. */
export const PEER_CODE_NOT_READY = 651

/** HTTP status that stands for a code in an OpenAI-shaped answer. */
const HTTP_STATUS: Readonly<Record<number, number>> = { 621: 400, 651: 502, 652: 504 }

/** `tcp.queryError`: a control query was refused. */
export function queryRefused(peerCode: number, peerText: string, phase: ErrorPhase): CocoonError {
  const httpStatus = HTTP_STATUS[peerCode]
  const message = `the proxy refused the query (code ${peerCode})`
  return new CocoonError('ERR_QUERY_REFUSED', message, { phase, peerCode, peerText, httpStatus })
}

/** Throws a refusal again under the code and phase of the step that it ended, and any other error as it is. */
export function throwRefused(error: unknown, code: ErrorCode, phase: ErrorPhase, what: string): never {
  if (!CocoonError.is(error, 'ERR_QUERY_REFUSED')) throw error
  const { peerCode = 0, peerText } = error
  const retryable = peerCode === PEER_CODE_NOT_READY
  throw new CocoonError(code, `the proxy refused ${what} (code ${peerCode})`, { phase, peerCode, peerText, retryable })
}

/** An error message in place of, or inside, an answer. */
export function answerRefused(
  peerCode: number,
  peerText: string,
  hasHead: boolean,
  final: InferenceFinal | undefined
): CocoonError {
  const charged = chargedBy(final, hasHead)
  return new CocoonError('ERR_QUERY_REFUSED', `the network answered with an error (code ${peerCode})`, {
    phase: hasHead ? 'stream' : 'answer',
    peerCode,
    peerText,
    httpStatus: HTTP_STATUS[peerCode],
    charged,
    retryable: peerCode === PEER_CODE_NOT_READY && charged === 'no'
  })
}

/** The network charges nothing for an error, and says so in its figures; without figures only an early error is surely free. */
function chargedBy(final: InferenceFinal | undefined, hasHead: boolean): Charged {
  const used = final?.tokensUsed
  if (used === undefined) return hasHead ? 'unknown' : 'no'
  return used.total === 0n ? 'no' : 'yes'
}

/** `error` as it meets a request that was sent: the same code, and money may have moved. */
export function afterSending(error: CocoonError, phase: ErrorPhase): CocoonError {
  const { code, message, peerCode, peerText, httpStatus } = error
  return new CocoonError(code, message, { phase, charged: 'unknown', peerCode, peerText, httpStatus, cause: error })
}

/** `error` as it meets a request that never left. */
export function beforeSending(error: CocoonError): CocoonError {
  return new CocoonError(error.code, error.message, {
    phase: 'query',
    retryable: error.code !== 'ERR_CLOSED',
    cause: error
  })
}
