/**
 * How an answer says that it travelled encrypted.
 *
 * @module
 */
import type { InferenceAnswer } from '../../runtime/ports/inference.js'

/** The answer, marked as encrypted, with other parts. */
export function markEncrypted(answer: InferenceAnswer, parts: InferenceAnswer['parts']): InferenceAnswer {
  const { requestId, peer, status, headers, final } = answer
  return { requestId, peer, status, headers, final, parts, encrypted: true, cancel: (reason) => answer.cancel(reason) }
}
