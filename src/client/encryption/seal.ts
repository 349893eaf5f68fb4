/**
 * Encrypts one request and opens its answer.
 *
 * @module
 */
import { decodeUtf8, encodeUtf8 } from '../../encoding/utf8.js'
import { CocoonError } from '../../errors.js'
import { encryptRequest, parsePublicKey, type SenderKey } from '../../envelope/index.js'
import { loadPart } from '../openai/surface/index.js'
import type { InferenceRequest } from '../../runtime/ports/inference.js'
import type { EncryptionSettings } from './types.js'

/** An encrypted request with what its answer needs. */
export interface SealedRequest {
  readonly request: InferenceRequest
  readonly senderKey: SenderKey
  /** The most choices that the answer may have. */
  readonly maxChoices: number
}

/**
 * Encrypts the body to a key.
 *
 * @throws EnvelopeError `ERR_ENVELOPE_FIELD` | `ERR_ENVELOPE_KEY`; nothing was sent.
 */
export async function sealRequest(
  request: InferenceRequest,
  publicKey: string,
  { random, isTest, padTo }: EncryptionSettings
): Promise<SealedRequest> {
  const options = { receiverPublicKey: publicKey, random, isTest, padTo }
  const networkPublicKey = parsePublicKey(publicKey)
  const type = request.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  if (!type.startsWith('multipart/')) {
    const plain = parseBody(request.body)
    const { body, senderKey } = await encryptRequest(plain, options)
    const sealed = { ...request, body: encodeUtf8(JSON.stringify(body)), networkPublicKey }
    return { request: sealed, senderKey, maxChoices: countChoices(plain) }
  }
  const { sealForm } = await loadPart(() => import('./forms/index.js'))
  const { headers, body, senderKey } = await sealForm(request, type, options)
  return { request: { ...request, headers, body, networkPublicKey }, senderKey, maxChoices: 1 }
}

function parseBody(bytes: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(decodeUtf8(bytes)) as Record<string, unknown>
  } catch {
    throw new CocoonError('ERR_REQUEST_INVALID', 'the request body is not JSON', { phase: 'envelope', httpStatus: 400 })
  }
}

function countChoices({ n, prompt }: Record<string, unknown>): number {
  return (typeof n === 'number' ? n : 1) * (Array.isArray(prompt) ? prompt.length : 1)
}
