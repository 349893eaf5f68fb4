/**
 * Encrypted strings as they stand in JSON: `ENC_` and lower-case hex of the cipher of v3.md §2.6: random prefix, id by
 * HMAC-SHA256, AES-256-CBC without padding under keys that are made from the id. Altered ciphertext is detected; a string
 * that was moved elsewhere in its message is not.
 *
 * Shape: `id[16] · CBC( prefix[L] · text[n] )`, prefix[0] = L, 16 ≤ L ≤ 255, L + n a multiple of 16.
 *
 * @module
 */
import { bytesToHex, concatBytes, encodeUtf8, equalBytes, prepareLongHex, writeHex } from '../encoding/index.js'
import type { Random } from '../runtime/ports/clock.js'
import { answerError } from './envelope-error.js'
import type { MessageKeys } from './message-keys.js'

const PREFIX = 'ENC_'
const BLOCK = 16
/** Room for the longest prefix. */
const PREFIX_ROOM = 256
/** Bytes hashed after the body: the length of the additional data, of which there is none, as a 32-bit integer. */
const NO_DATA_LENGTH = 4
/** Long texts are encrypted by pieces, so that the platform's threads work on one while this one writes the last. */
const PIECE_BYTES = 1_048_576
/** Length from which on a text is worth loading what makes its hex fast. */
const LONG_HEX = 2048

/**
 * Encrypts text.
 *
 * @param text - A string stands for its UTF-8; it has no lone surrogates.
 * @param random - Asked once, before anything is waited for.
 * @param blockBytes - The text with its prefix is brought to a multiple of this: a multiple of 16, from 16 (as the
 *   reference) to 240. More hides more of the length.
 */
export async function sealText(
  text: string | Uint8Array,
  keys: MessageKeys,
  random: Random,
  blockBytes: number
): Promise<string> {
  const hashed = layOut(text, random, blockBytes)
  const bodyLength = hashed.length - NO_DATA_LENGTH
  if (bodyLength >= LONG_HEX) await prepareLongHex()
  const id = (await keys.identify(hashed)).subarray(0, BLOCK)
  const cipher = await cipherOf(id, keys, ['encrypt'])
  let { iv } = cipher
  let sealed = PREFIX
  let last = id
  for (let at = 0; at < bodyLength; at += PIECE_BYTES) {
    const piece = hashed.subarray(at, Math.min(at + PIECE_BYTES, bodyLength))
    const padded = crypto.subtle.encrypt({ name: 'AES-CBC', iv }, cipher.key, piece)
    sealed += bytesToHex(last)
    // WebCrypto always adds a block of padding; CBC without padding is what stands before it.
    last = new Uint8Array(await padded, 0, piece.length)
    iv = last.subarray(-BLOCK)
  }
  return sealed + bytesToHex(last)
}

/**
 * Decrypts text to bytes.
 *
 * @throws EnvelopeError `ERR_ENVELOPE_PLAINTEXT` for text that is not encrypted, also the reference's `DEC_` form, which
 * anybody on the way could have written; `ERR_ENVELOPE_DECRYPT` when it was altered, made with other keys, or is malformed.
 */
export async function openText(text: string, keys: MessageKeys): Promise<Uint8Array<ArrayBuffer>> {
  if (!text.startsWith(PREFIX))
    throw answerError('ERR_ENVELOPE_PLAINTEXT', 'a string is in clear where it must be encrypted')
  const end = (text.length - PREFIX.length) / 2
  const bodyLength = end - BLOCK
  if (bodyLength < BLOCK || bodyLength % BLOCK !== 0)
    throw answerError('ERR_ENVELOPE_DECRYPT', 'a ciphertext has an impossible length')
  const sealed = new Uint8Array(end + BLOCK)
  if (bodyLength >= LONG_HEX) await prepareLongHex()
  try {
    writeHex(text.slice(PREFIX.length), sealed)
  } catch {
    throw answerError('ERR_ENVELOPE_DECRYPT', 'a ciphertext is not hexadecimal')
  }
  const { subtle } = crypto
  const id = sealed.subarray(0, BLOCK)
  const { key, iv } = await cipherOf(id, keys, ['encrypt', 'decrypt'])
  // One more block, which decrypts to the four zeros that are hashed after the body, and to padding that WebCrypto removes.
  const ending = new Uint8Array(BLOCK).fill(BLOCK - NO_DATA_LENGTH, NO_DATA_LENGTH)
  const lastBlock = sealed.subarray(end - BLOCK, end)
  sealed.set(new Uint8Array(await subtle.encrypt({ name: 'AES-CBC', iv: lastBlock }, key, ending), 0, BLOCK), end)
  const hashed = new Uint8Array(await subtle.decrypt({ name: 'AES-CBC', iv }, key, sealed.subarray(BLOCK)))
  if (!equalBytes((await keys.identify(hashed)).subarray(0, BLOCK), id))
    throw answerError('ERR_ENVELOPE_DECRYPT', 'a ciphertext was altered')
  const prefixLength = hashed[0]!
  if (prefixLength < BLOCK || prefixLength > bodyLength)
    throw answerError('ERR_ENVELOPE_DECRYPT', 'a ciphertext has an impossible prefix')
  return hashed.subarray(prefixLength, bodyLength)
}

const encoder = /* @__PURE__ */ new TextEncoder()

/** Prefix, text, and zeros for the length of the additional data. A text in ASCII is written once and never copied. */
function layOut(text: string | Uint8Array, random: Random, blockBytes: number): Uint8Array<ArrayBuffer> {
  let buffer = new Uint8Array(PREFIX_ROOM + text.length + NO_DATA_LENGTH)
  if (typeof text === 'string') {
    const { read, written } = encoder.encodeInto(text, buffer.subarray(PREFIX_ROOM, PREFIX_ROOM + text.length))
    if (read < text.length) {
      const rest = encodeUtf8(text.slice(read))
      buffer = concatBytes(buffer.subarray(0, PREFIX_ROOM + written), rest, new Uint8Array(NO_DATA_LENGTH))
    }
  } else buffer.set(text, PREFIX_ROOM)
  const textLength = buffer.length - PREFIX_ROOM - NO_DATA_LENGTH
  const prefixLength = Math.ceil((BLOCK + textLength) / blockBytes) * blockBytes - textLength
  const hashed = buffer.subarray(PREFIX_ROOM - prefixLength)
  hashed.set(random.bytes(prefixLength))
  hashed[0] = prefixLength
  return hashed
}

async function cipherOf(
  id: Uint8Array<ArrayBuffer>,
  keys: MessageKeys,
  usages: KeyUsage[]
): Promise<{ readonly key: CryptoKey; readonly iv: Uint8Array<ArrayBuffer> }> {
  const expanded = keys.expand(id)
  const key = await crypto.subtle.importKey('raw', expanded.subarray(0, 32), 'AES-CBC', false, usages)
  return { key, iv: expanded.subarray(32, 48) }
}
