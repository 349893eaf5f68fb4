/**
 * Decrypts answers (v3.md §2.7), strictly: the reference accepts more than it should (§2.9).
 *
 * @module
 */
import { equalBytes } from '../encoding/index.js'
import { answerError, EnvelopeError } from './envelope-error.js'
import { copyJson, type CopyRules, isPlainObject, type JsonObject } from './json-copy.js'
import { deriveMessageKeys } from './message-keys.js'
import { isEnvelopeName, isExempt, isReadableText, SCHEME } from './names.js'
import { parsePublicKey, type PublicKeyInput, tryParsePublicKey } from './public-key.js'
import { type SenderKey, sharedSecretOf } from './sender-key.js'
import { openLeaves } from './string-text.js'

/** Options of {@link decryptAnswer}. */
export interface DecryptOptions {
  /** Of the request that this answers. */
  readonly senderKey: SenderKey
  /** The network key that the request was encrypted to. Default: the one in `senderKey`; another is refused. */
  readonly networkPublicKey?: PublicKeyInput | undefined
}

/**
 * Decrypts one JSON value of an answer: a whole answer, or one chunk of a stream; each has an envelope of its own.
 *
 * What this proves: the strings were made by somebody who holds the network's private key, for this request, and were not
 * altered. What it cannot prove (v3.md §2.9): numbers, structure and `model`, which are not encrypted; that strings stand
 * where they stood; that no chunk is missing. Treat figures as hints.
 *
 * @param json - The text or the parsed object.
 * @returns A new object without the envelope's fields.
 * @throws EnvelopeError `ERR_ENVELOPE_PLAINTEXT` when it, or a string in it, is in clear (also `DEC_…`, and text under
 * names that the scheme leaves readable, except `model`, `request_guid` and `debug` at the top level);
 * `ERR_ENVELOPE_SENDER`; `ERR_ENVELOPE_DECRYPT`.
 */
export async function decryptAnswer(
  json: string | Readonly<Record<string, unknown>>,
  options: DecryptOptions
): Promise<Record<string, unknown>> {
  const source = typeof json === 'string' ? parse(json) : json
  if (!isPlainObject(source)) throw answerError('ERR_ENVELOPE_PLAINTEXT', 'the answer is not an encrypted object')
  const nonce = checkEnvelope(source as Record<string, unknown>, options)
  const { copy, leaves } = copyJson(source, ANSWER_RULES)
  // Every ciphertext has a random prefix: two that are equal are one that somebody copied to a second place.
  if (new Set(leaves.map(({ text }) => text)).size !== leaves.length)
    throw answerError('ERR_ENVELOPE_DECRYPT', 'a ciphertext occurs twice')
  const keys = deriveMessageKeys(sharedSecretOf(options.senderKey), nonce, 'w')
  await openLeaves(leaves, keys)
  return withoutEnvelope(copy)
}

/** A copy without the envelope's fields. */
export function withoutEnvelope(source: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(source).filter(([name]) => !isEnvelopeName(name)))
}

/** Standard base64 of 32 bytes. */
const NONCE = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/

/** The texts of an envelope, or which code says why it is none. */
export function readEnvelope(source: Readonly<Record<string, unknown>>): {
  readonly nonce: string
  readonly sender: Uint8Array
  readonly receiver: Uint8Array
} {
  if (!Object.hasOwn(source, 'is_encrypted'))
    throw answerError('ERR_ENVELOPE_PLAINTEXT', 'the answer is in clear where it must be encrypted')
  const sender = tryParsePublicKey(source['sender_public_key'])
  const receiver = tryParsePublicKey(source['receiver_public_key'])
  const nonce = source['encryption_nonce']
  if (
    source['is_encrypted'] !== SCHEME ||
    sender === undefined ||
    receiver === undefined ||
    typeof nonce !== 'string' ||
    !NONCE.test(nonce)
  )
    throw answerError('ERR_ENVELOPE_DECRYPT', 'the envelope is malformed or of another scheme')
  return { nonce, sender, receiver }
}

function checkEnvelope(
  source: Readonly<Record<string, unknown>>,
  { senderKey, networkPublicKey }: DecryptOptions
): string {
  const { nonce, sender, receiver } = readEnvelope(source)
  const network = parsePublicKey(networkPublicKey ?? senderKey.receiverPublicKey)
  if (!equalBytes(network, parsePublicKey(senderKey.receiverPublicKey)))
    throw new EnvelopeError('ERR_ENVELOPE_KEY', 'the request was encrypted to another network key')
  if (!equalBytes(sender, network)) throw answerError('ERR_ENVELOPE_SENDER', 'the answer has another sender')
  if (!equalBytes(receiver, parsePublicKey(senderKey.publicKey)))
    throw answerError('ERR_ENVELOPE_SENDER', 'the answer is for another request')
  return nonce
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The engine's own error quotes the text.
    throw answerError('ERR_ENVELOPE_DECRYPT', 'the answer is not JSON')
  }
}

const ANSWER_RULES: CopyRules = {
  refuse: (_path, reason) => answerError('ERR_ENVELOPE_DECRYPT', `a value of the answer ${reason}`),
  keeps(name, value, path) {
    if (!isExempt(name)) return false
    const isTop = path.outer === undefined
    if (isTop && (isEnvelopeName(name) || name === 'debug')) return true
    if (isTop && isReadableText(name) && typeof value === 'string') return true
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return true
    throw answerError('ERR_ENVELOPE_PLAINTEXT', 'a value is in clear under a name that the scheme leaves readable')
  }
}
