/**
 * A layer between the OpenAI surface and a carrier: encrypts each request to a key of the network and opens its answer.
 * What it takes is loaded by the first call for which there may be a key.
 *
 * @module
 */
import type { InferenceTransport } from '../../runtime/ports/inference.js'
import { loadPart } from '../openai/surface/index.js'
import type { CallMemory } from './call-memory.js'
import type * as Mark from './mark-encrypted.js'
import type { EncryptionKeySource, EncryptionMode, EncryptionReport, EncryptionSettings } from './types.js'

/** Wraps a carrier; see {@link EncryptionSettings}. */
export function createEncryptingTransport(inner: InferenceTransport, settings: EncryptionSettings): InferenceTransport {
  // Without a source there is nothing to encrypt to; requests that the caller encrypted are only marked.
  const isIdle = settings.keys === undefined && settings.mode === 'preferred'
  let memory: CallMemory | undefined
  return {
    listWorkerTypes: (budget) => inner.listWorkerTypes(budget),
    async send(prepare, budget) {
      if (!isIdle) {
        const { CallMemory, sendEncrypted } = await loadPart(() => import('./encrypted-call.js'))
        memory ??= new CallMemory()
        return sendEncrypted(inner, settings, memory, [prepare, budget])
      }
      let mark: typeof Mark | undefined
      const answer = await inner.send(async (peer) => {
        const request = await prepare(peer)
        const isCallers = request.networkPublicKey !== undefined
        // Before it leaves: an answer that is paid for must not be lost for want of this.
        mark = isCallers ? await loadPart(() => import('./mark-encrypted.js')) : undefined
        return request
      }, budget)
      return mark === undefined ? answer : mark.markEncrypted(answer, answer.parts)
    }
  }
}

/** What encryption does for a client. @throws CocoonError `ERR_OPTIONS` | `ERR_ENCRYPTION_UNAVAILABLE` as a call would. */
export async function reportEncryption(
  mode: EncryptionMode,
  keys: EncryptionKeySource | undefined,
  query: { readonly isTest: boolean; readonly nowMs: number; readonly remainingMs: number }
): Promise<EncryptionReport> {
  const { reportEncryption: report } = await loadPart(() => import('./encryption-report.js'))
  return report(mode, keys, query)
}
