/**
 * Encrypts requests: JSON bodies (v3.md §2.4, §2.5). Forms: request-form.ts.
 *
 * @module
 */
import { encodeBase64 } from '../encoding/index.js'
import type { Random } from '../runtime/ports/clock.js'
import { webRandom } from '../runtime/shared/index.js'
import { EnvelopeError, fieldError } from './envelope-error.js'
import { copyJson, type CopyRules, formatPath, type JsonObject, type Path, setOwn } from './json-copy.js'
import { deriveMessageKeys, type MessageKeys } from './message-keys.js'
import { isEnvelopeName, isExempt, isReadableText, SCHEME } from './names.js'
import type { PublicKeyInput } from './public-key.js'
import { createSenderKey, type SenderKey, sharedSecretOf } from './sender-key.js'
import { sealLeaves } from './string-text.js'

/** Options of {@link encryptRequest} and `encryptForm`. */
export interface EncryptOptions {
  /** The network's key, as the root contract publishes it. See {@link PublicKeyInput}. */
  readonly receiverPublicKey: PublicKeyInput
  /**
   * Source of the sender key (32 bytes), the nonce (32 bytes) and the strings' prefixes, in this order. Default: the
   * platform's, which then makes the sender key itself, and three times faster.
   */
  readonly random?: Random | undefined
  /**
   * Each string's ciphertext is made a multiple of this many bytes long by a longer random prefix, never a longer text: a
   * multiple of 16 from 16 to 240. Default 16, which shows a string's length up to 16 bytes.
   */
  readonly padTo?: number | undefined
  /** Accepts the published test key as receiver. Default `false`: to encrypt to it is to publish. */
  readonly isTest?: boolean | undefined
}

/** An encrypted JSON request. */
export interface EncryptedRequest {
  readonly body: Record<string, unknown>
  /** Decrypts the answer; see {@link SenderKey}. */
  readonly senderKey: SenderKey
}

/**
 * Encrypts every string of a request, except `model` and `request_guid` at the top level; adds the envelope. Names,
 * numbers, booleans, `null`, the lengths of arrays and the nesting stay readable: the scheme encrypts strings only.
 *
 * @returns A new body; names in the order of their UTF-8 bytes. The given one is not changed and not kept.
 * @throws EnvelopeError `ERR_ENVELOPE_KEY`; `ERR_ENVELOPE_FIELD` with the place: no JSON, lone surrogates (they have no
 * UTF-8), an envelope name, a nested name whose value the scheme would leave readable (`model`, `timeout`, `debug` …), or
 * text under such a name at the top level.
 * @example
 * const { body, senderKey } = await encryptRequest({ model, messages }, { receiverPublicKey })
 */
export async function encryptRequest(
  body: Readonly<Record<string, unknown>>,
  options: EncryptOptions
): Promise<EncryptedRequest> {
  const blockBytes = checkPadTo(options.padTo)
  const { copy, leaves } = copyJson(body, REQUEST_RULES)
  for (const { text, path } of leaves) checkWellFormed(text, path)
  const random = options.random ?? webRandom
  const { senderKey, envelope, keys } = await openEnvelope(options, random)
  await sealLeaves(leaves, keys, random, blockBytes)
  return { body: withEnvelope(copy, envelope), senderKey }
}

type Envelope = Readonly<Record<string, string>>

/** A fresh sender key with what is derived from it. @throws EnvelopeError `ERR_ENVELOPE_KEY`. */
export async function openEnvelope(
  options: EncryptOptions,
  random: Random
): Promise<{ readonly senderKey: SenderKey; readonly envelope: Envelope; readonly keys: MessageKeys }> {
  const senderKey = await createSenderKey(options.receiverPublicKey, random, options.isTest ?? false)
  const nonce = encodeBase64(random.bytes(32))
  const keys = deriveMessageKeys(sharedSecretOf(senderKey), nonce, 'c')
  const envelope = {
    is_encrypted: SCHEME,
    sender_public_key: senderKey.publicKey,
    receiver_public_key: senderKey.receiverPublicKey,
    encryption_nonce: nonce
  }
  return { senderKey, envelope, keys }
}

/** Puts the envelope among the fields, in the same order. */
export function withEnvelope(copy: JsonObject, envelope: Envelope): JsonObject {
  const joined: JsonObject = {}
  const fields = new Map([...Object.entries(copy), ...Object.entries(envelope)])
  for (const [name, value] of [...fields].toSorted(([a], [b]) => (a < b ? -1 : 1))) setOwn(joined, name, value)
  return joined
}

const REQUEST_RULES: CopyRules = {
  refuse: (path, reason) => fieldError(formatPath(path), reason),
  keeps(name, value, path) {
    checkWellFormed(name, path)
    if (!isExempt(name)) return false
    if (isEnvelopeName(name))
      throw fieldError(formatPath(path), 'is a name of the envelope', 'give the request in clear')
    if (path.outer !== undefined) {
      throw fieldError(formatPath(path), 'has a name whose value cannot be encrypted', 'choose another name')
    }
    const isOpen = typeof value === 'number' || typeof value === 'boolean' || value === null
    if (isOpen || (isReadableText(name) && typeof value === 'string')) {
      if (typeof value === 'string') checkWellFormed(value, path)
      return true
    }
    throw fieldError(formatPath(path), 'would stay readable', 'leave it out')
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u

/** @throws EnvelopeError `ERR_ENVELOPE_FIELD` for lone surrogates. */
export function checkWellFormed(text: string, path: Path): void {
  // Newer engines have a method for it, twenty times faster.
  const { isWellFormed } = text as { isWellFormed?: () => boolean }
  if (isWellFormed === undefined ? LONE_SURROGATE.test(text) : !isWellFormed.call(text))
    throw fieldError(formatPath(path), 'holds half a surrogate pair, which has no UTF-8')
}

/** @throws EnvelopeError `ERR_ENVELOPE_FIELD`. */
export function checkPadTo(padTo = 16): number {
  if (Number.isInteger(padTo) && padTo % 16 === 0 && padTo >= 16 && padTo <= 240) return padTo
  throw new EnvelopeError('ERR_ENVELOPE_FIELD', 'padTo must be a multiple of 16 from 16 to 240', { field: 'padTo' })
}
