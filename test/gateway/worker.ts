/**
 * The other end of an encrypted request: a worker with the network's key.
 *
 * @module
 */
import { decryptRequest, encryptAnswer, type NetworkKeyPair, networkKeyPair } from '../../src/envelope/index.js'
import type { InferenceRequest } from '../../src/runtime/ports/inference.js'
import { webRandom } from '../../src/runtime/shared/index.js'
import type { Script } from '../client/openai/fake-transport.js'

export const NETWORK: NetworkKeyPair = await networkKeyPair(new Uint8Array(32).fill(7))

/** A worker: decrypts, answers, encrypts. */
export function worker(
  requests: unknown[],
  pieces: readonly string[],
  status = 200
): (request: InferenceRequest) => Script {
  return (request) => {
    if (request.body === undefined) return {}
    async function* parts(): AsyncGenerator<string> {
      const { body, senderPublicKey } = await decryptRequest(
        JSON.parse(new TextDecoder().decode(request.body)) as Record<string, unknown>,
        NETWORK.seed
      )
      requests.push(body)
      const seal = async (value: Record<string, unknown>): Promise<string> =>
        JSON.stringify(await encryptAnswer(value, NETWORK, senderPublicKey, webRandom))
      const head = { id: 'canary-answer', model: 'm', created: 1 }
      if (status !== 200) yield await seal({ error: { message: 'canary-answer' } })
      else if (body['stream'] === true) {
        for (const content of pieces)
          yield `data: ${await seal({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
        yield 'data: [DONE]\n\n'
      } else
        yield await seal({
          ...head,
          object: 'chat.completion',
          choices: [{ index: 0, message: { role: 'assistant', content: pieces.join('') }, finish_reason: 'stop' }]
        })
    }
    return { parts: parts(), status }
  }
}
