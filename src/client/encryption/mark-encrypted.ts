/**
 * How an answer says that it travelled encrypted.
 *
 * @module
 */
import type { InferenceAnswer } from '../../runtime/ports/inference.js'

/** The answer, marked as encrypted, with other parts. */
export function markEncrypted(answer: InferenceAnswer, parts: InferenceAnswer['parts']): InferenceAnswer {
  const { requestId, peer, status, headers, final, receipt } = answer
  const cancel = (reason: unknown): void => answer.cancel(reason)
  return { requestId, peer, status, headers, final, receipt, parts, encrypted: true, cancel }
}
