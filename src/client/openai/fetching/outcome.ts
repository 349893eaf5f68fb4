/**
 * What became of a call that was made through `fetch`, for code that passes Responses on (the gateway): a Response alone
 * cannot say what a stream cost.
 *
 * @module
 */
import type { Charged, CocoonError } from '../../../errors.js'
import type { InferenceAnswer } from '../../../runtime/ports/inference.js'
import type { CallContact } from '../contact.js'
import { type CallFigures, computeFigures } from '../figures.js'

/** The end of one call. */
export interface CallOutcome {
  /** Whether the network charged for it. */
  readonly charged: Charged
  /** Hex id of the request on the network; absent when it never left. */
  readonly requestId?: string | undefined
  /** Id of the attestation report of the connection; absent when there was none. */
  readonly attestationId?: string | undefined
  /** Absent when no answer came. */
  readonly figures?: CallFigures | undefined
  /** The error's code, when the call failed before its head. */
  readonly code?: string | undefined
}

/** Registered, so that it is found across duplicate copies of the package. */
const OUTCOME = Symbol.for('cocoonkit.outcome')

/** Ties an outcome to a Response. The promise never rejects. */
export function withOutcome(response: Response, outcome: Promise<CallOutcome>): Response {
  Object.defineProperty(response, OUTCOME, { value: outcome })
  return response
}

/** The outcome of a Response that this library's `fetch` made; resolves when the body is over, and never rejects. */
export function outcomeOf(response: Response): Promise<CallOutcome> | undefined {
  return (response as { [OUTCOME]?: Promise<CallOutcome> })[OUTCOME]
}

/** The outcome of an answer. */
export async function answerOutcome(
  answer: InferenceAnswer,
  figures: CallFigures | Promise<CallFigures>
): Promise<CallOutcome> {
  const known = await figures
  const { complete, tokensUsed } = known
  return {
    charged: !complete || tokensUsed === undefined ? 'unknown' : tokensUsed.total === 0n ? 'no' : 'yes',
    requestId: answer.requestId,
    attestationId: answer.peer.attestationId ?? undefined,
    figures: known
  }
}

/** Figures of an answer that nobody looks into. */
export async function finalFigures(
  answer: InferenceAnswer,
  pricePerTokenNano: bigint | undefined
): Promise<CallFigures> {
  return computeFigures(await answer.final, pricePerTokenNano, undefined)
}

/** The outcome of a call without an answer. */
export function errorOutcome({ charged, code }: CocoonError, contact: CallContact): Promise<CallOutcome> {
  const { requestId, peer } = contact
  return Promise.resolve({ charged, code, requestId, attestationId: peer?.attestationId ?? undefined })
}
