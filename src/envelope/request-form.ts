/**
 * Encrypts forms (v3.md §2.4). Beside the JSON bodies, since most callers never send one.
 *
 * @module
 */
import { webRandom } from '../runtime/shared/index.js'
import { fieldError } from './envelope-error.js'
import { isEnvelopeName, isExempt, isReadableText } from './names.js'
import { checkPadTo, checkWellFormed, type EncryptOptions, openEnvelope } from './request.js'
import type { SenderKey } from './sender-key.js'
import { sealText } from './string-cipher.js'

/** An encrypted form. */
export interface EncryptedForm {
  readonly form: FormData
  readonly senderKey: SenderKey
}

/**
 * Encrypts a form, for `/v1/audio/transcriptions`: every part but the readable ones of `encryptRequest`, the file's
 * bytes included. A file's name is replaced by `audio` with the same extension, since names of files stay readable.
 *
 * @throws EnvelopeError as `encryptRequest`; `ERR_ENVELOPE_FIELD` also for a name that occurs twice, of which the
 * worker would drop one.
 */
export async function encryptForm(form: FormData, options: EncryptOptions): Promise<EncryptedForm> {
  const blockBytes = checkPadTo(options.padTo)
  const parts = readForm(form)
  const random = options.random ?? webRandom
  const { senderKey, envelope, keys } = await openEnvelope(options, random)
  const encrypted = new FormData()
  for (const [name, value] of parts) {
    if (isExempt(name)) encrypted.append(name, value)
    else if (typeof value === 'string') encrypted.append(name, await sealText(value, keys, random, blockBytes))
    else {
      const sealed = await sealText(new Uint8Array(await value.arrayBuffer()), keys, random, blockBytes)
      encrypted.append(name, new Blob([sealed], { type: value.type }), neutralName(value))
    }
  }
  for (const [name, value] of Object.entries(envelope)) encrypted.append(name, value)
  return { form: encrypted, senderKey }
}

/** The parts in the order of their names. */
function readForm(form: FormData): ReadonlyArray<readonly [string, string | Blob]> {
  const parts = new Map<string, string | Blob>()
  for (const [name, value] of form.entries()) {
    if (parts.has(name)) throw fieldError(name, 'occurs twice in the form')
    const path = { outer: undefined, key: name }
    checkWellFormed(name, path)
    if (isEnvelopeName(name)) throw fieldError(name, 'is a name of the envelope', 'give the request in clear')
    // In forms even numbers are text; what is exempt and no name for the network must look like one.
    if (
      isExempt(name) &&
      !isReadableText(name) &&
      !(typeof value === 'string' && /^(?:[\d.]{1,20}|true|false)$/.test(value))
    )
      throw fieldError(name, 'would stay readable', 'leave it out')
    if (typeof value === 'string') checkWellFormed(value, path)
    else if (isExempt(name)) throw fieldError(name, 'would stay readable', 'leave it out')
    parts.set(name, value)
  }
  return [...parts].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function neutralName(file: Blob): string {
  const extension = /\.(?:flac|m4a|mp3|mp4|mpeg|mpga|oga|ogg|opus|wav|webm)$/i.exec((file as Partial<File>).name ?? '')
  return `audio${(extension?.[0] ?? '.wav').toLowerCase()}`
}
