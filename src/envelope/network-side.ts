/**
 * The network's side of the scheme, as its workers do it; for the devnet and for tests. As the reference, it accepts what
 * a client of ours never sends.
 *
 * @module
 */
import { bytesToHex, encodeBase64 } from '../encoding/index.js'
import type { Random } from '../runtime/ports/clock.js'
import { readEnvelope, withoutEnvelope } from './answer.js'
import { answerError } from './envelope-error.js'
import { copyJson, type CopyRules, type JsonObject } from './json-copy.js'
import { deriveMessageKeys, type MessageKeys } from './message-keys.js'
import { isExempt, SCHEME } from './names.js'
import { withEnvelope } from './request.js'
import { agree, publicKeyOf } from './seeded-agreement.js'
import { openText } from './string-cipher.js'
import { openLeaves, sealLeaves } from './string-text.js'

/** A key pair of the network. Holds the private seed: never log it. */
export interface NetworkKeyPair {
  /** Ed25519 seed, 32 bytes. */
  readonly seed: Uint8Array
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** The pair of a seed. */
export async function networkKeyPair(seed: Uint8Array): Promise<NetworkKeyPair> {
  return { seed, publicKey: await publicKeyOf(seed) }
}

/** Decrypts a request with the network's private key. @throws EnvelopeError. */
export async function decryptRequest(
  body: Readonly<Record<string, unknown>>,
  seed: Uint8Array
): Promise<{ readonly body: Record<string, unknown>; readonly senderPublicKey: Uint8Array }> {
  const { keys, sender } = await requestKeys(body, seed)
  const { copy, leaves } = copyJson(body, NETWORK_RULES)
  await openLeaves(leaves, keys)
  return { body: withoutEnvelope(copy), senderPublicKey: sender }
}

/** Decrypts the parts of a form, given as text by name. @throws EnvelopeError. */
export async function decryptFormParts(
  parts: ReadonlyMap<string, string>,
  seed: Uint8Array
): Promise<{ readonly parts: ReadonlyMap<string, Uint8Array>; readonly senderPublicKey: Uint8Array }> {
  const { keys, sender } = await requestKeys(Object.fromEntries(parts), seed)
  const opened = new Map<string, Uint8Array>()
  for (const [name, text] of parts) if (!isExempt(name)) opened.set(name, await openText(text, keys))
  return { parts: opened, senderPublicKey: sender }
}

/** Encrypts one JSON object of an answer to the sender of the request. */
export async function encryptAnswer(
  body: Readonly<Record<string, unknown>>,
  network: NetworkKeyPair,
  clientPublicKey: Uint8Array,
  random: Random
): Promise<Record<string, unknown>> {
  const nonce = encodeBase64(random.bytes(32))
  const keys = deriveMessageKeys(await agree(network.seed, clientPublicKey), nonce, 'w')
  const { copy, leaves } = copyJson(body, NETWORK_RULES)
  await sealLeaves(leaves, keys, random, 16)
  return withEnvelope(copy, {
    is_encrypted: SCHEME,
    sender_public_key: bytesToHex(network.publicKey),
    receiver_public_key: bytesToHex(clientPublicKey),
    encryption_nonce: nonce
  })
}

async function requestKeys(
  source: Readonly<Record<string, unknown>>,
  seed: Uint8Array
): Promise<{ readonly keys: MessageKeys; readonly sender: Uint8Array }> {
  const { nonce, sender } = readEnvelope(source as JsonObject)
  return { keys: deriveMessageKeys(await agree(seed, sender), nonce, 'c'), sender }
}

const NETWORK_RULES: CopyRules = {
  refuse: (_path, reason) => answerError('ERR_ENVELOPE_DECRYPT', `a value ${reason}`),
  keeps: (name) => isExempt(name)
}
