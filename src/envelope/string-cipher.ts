/**
 * The cipher of one string (v3.md §2.6): random prefix, id by HMAC-SHA256, AES-256-CBC without padding under keys that
 * are made from the id. Altered ciphertext is detected; a string that was moved elsewhere in its message is not.
 *
 * Shape: `id[16] · CBC( prefix[L] · text[n] )`, prefix[0] = L, 16 ≤ L ≤ 255, L + n a multiple of 16.
 *
 * @module
 */
import { concatBytes, equalBytes } from '../encoding/index.js'
import type { Random } from '../runtime/ports/clock.js'
import { answerError } from './envelope-error.js'
import type { MessageKeys } from './message-keys.js'

const BLOCK = 16
/** Bytes hashed after the body: the length of the additional data, of which there is none, as a 32-bit integer. */
const NO_DATA_LENGTH = 4

/**
 * Encrypts bytes.
 *
 * @param blockBytes - The text with its prefix is brought to a multiple of this: a multiple of 16, from 16 (as the
 *   reference) to 240. More hides more of the length.
 */
export async function sealBytes(
  text: Uint8Array,
  keys: MessageKeys,
  random: Random,
  blockBytes: number
): Promise<Uint8Array<ArrayBuffer>> {
  const shortest = BLOCK + text.length
  const bodyLength = Math.ceil(shortest / blockBytes) * blockBytes
  const prefixLength = bodyLength - text.length
  // Zeros after the body stand for the length of the additional data.
  const hashed = new Uint8Array(bodyLength + NO_DATA_LENGTH)
  hashed.set(random.bytes(prefixLength))
  hashed[0] = prefixLength
  hashed.set(text, prefixLength)
  const id = await identify(hashed, keys)
  const { key, iv } = await cipherOf(id, keys, ['encrypt'])
  const padded = await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, hashed.subarray(0, bodyLength))
  // WebCrypto always adds a block of padding; CBC without padding is what stands before it.
  return concatBytes(id, new Uint8Array(padded, 0, bodyLength))
}

/**
 * Decrypts bytes.
 *
 * @throws EnvelopeError `ERR_ENVELOPE_DECRYPT` when they were altered, made with other keys, or malformed.
 */
export async function openBytes(sealed: Uint8Array, keys: MessageKeys): Promise<Uint8Array<ArrayBuffer>> {
  const bodyLength = sealed.length - BLOCK
  if (bodyLength < BLOCK || bodyLength % BLOCK !== 0)
    throw answerError('ERR_ENVELOPE_DECRYPT', 'a ciphertext has an impossible length')
  const id = sealed.slice(0, BLOCK)
  const { key, iv } = await cipherOf(id, keys, ['encrypt', 'decrypt'])
  const { subtle } = crypto
  // The block that decrypts to sixteen 0x10 after the last one: padding that WebCrypto then removes.
  const last = sealed.slice(-BLOCK)
  const padding = await subtle.encrypt({ name: 'AES-CBC', iv: last }, key, new Uint8Array(BLOCK).fill(BLOCK))
  const padded = concatBytes(sealed.subarray(BLOCK), new Uint8Array(padding, 0, BLOCK))
  const hashed = new Uint8Array(bodyLength + NO_DATA_LENGTH)
  hashed.set(new Uint8Array(await subtle.decrypt({ name: 'AES-CBC', iv }, key, padded)))
  if (!equalBytes(await identify(hashed, keys), id))
    throw answerError('ERR_ENVELOPE_DECRYPT', 'a ciphertext was altered')
  const prefixLength = hashed[0]!
  if (prefixLength < BLOCK || prefixLength > bodyLength)
    throw answerError('ERR_ENVELOPE_DECRYPT', 'a ciphertext has an impossible prefix')
  return hashed.subarray(prefixLength, bodyLength)
}

async function identify(hashed: Uint8Array<ArrayBuffer>, keys: MessageKeys): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', keys.identify, hashed), 0, BLOCK)
}

async function cipherOf(
  id: Uint8Array<ArrayBuffer>,
  keys: MessageKeys,
  usages: KeyUsage[]
): Promise<{ readonly key: CryptoKey; readonly iv: Uint8Array<ArrayBuffer> }> {
  const expanded = new Uint8Array(await crypto.subtle.sign('HMAC', keys.expand, id))
  const key = await crypto.subtle.importKey('raw', expanded.subarray(0, 32), 'AES-CBC', false, usages)
  return { key, iv: expanded.subarray(32, 48) }
}
