/**
 * Encrypts forms. An index of its own: it is loaded with the first form that is encrypted.
 *
 * @module
 */
import { encryptForm, type EncryptOptions, type SenderKey } from '../../../envelope/index.js'
import type { Random } from '../../../runtime/ports/clock.js'
import type { InferenceRequest } from '../../../runtime/ports/inference.js'
import { encodeMultipart, readFile } from '../../openai/forms/index.js'

/** A form as it is sent, with what its answer needs. */
export interface SealedForm extends Pick<InferenceRequest, 'headers' | 'body'> {
  readonly senderKey: SenderKey
}

/**
 * @param type - Content type of the form.
 * @throws EnvelopeError `ERR_ENVELOPE_FIELD` | `ERR_ENVELOPE_KEY`; nothing was sent.
 */
export async function sealForm(
  request: InferenceRequest,
  type: string,
  options: EncryptOptions & { readonly random: Random }
): Promise<SealedForm> {
  const plain = await new Response(request.body as BodyInit, { headers: { 'content-type': type } }).formData()
  const { form, senderKey } = await encryptForm(plain, options)
  const file = await readFile(form.get('file'))
  return { ...encodeMultipart(Object.fromEntries(form), file, options.random), senderKey }
}
