/**
 * Encrypted strings as they stand in JSON: `ENC_` and lower-case hex.
 *
 * @module
 */
import { bytesToHex, decodeUtf8Strict, encodeUtf8, hexToBytes } from '../encoding/index.js'
import type { Random } from '../runtime/ports/clock.js'
import { answerError } from './envelope-error.js'
import { type Leaf, setOwn } from './json-copy.js'
import type { MessageKeys } from './message-keys.js'
import { openBytes, sealBytes } from './string-cipher.js'

const PREFIX = 'ENC_'

/** Strings that are in work at once: enough to keep the platform busy, few enough to bound memory. */
const PARALLEL = 64

/** Encrypts bytes to text. */
export async function sealText(
  text: Uint8Array,
  keys: MessageKeys,
  random: Random,
  blockBytes: number
): Promise<string> {
  return PREFIX + bytesToHex(await sealBytes(text, keys, random, blockBytes))
}

/**
 * Decrypts text to bytes.
 *
 * @throws EnvelopeError `ERR_ENVELOPE_PLAINTEXT` for text that is not encrypted, also the reference's `DEC_` form, which
 * anybody on the way could have written; `ERR_ENVELOPE_DECRYPT`.
 */
export async function openText(text: string, keys: MessageKeys): Promise<Uint8Array<ArrayBuffer>> {
  if (!text.startsWith(PREFIX))
    throw answerError('ERR_ENVELOPE_PLAINTEXT', 'a string is in clear where it must be encrypted')
  let sealed: Uint8Array
  try {
    sealed = hexToBytes(text.slice(PREFIX.length))
  } catch {
    throw answerError('ERR_ENVELOPE_DECRYPT', 'a ciphertext is not hexadecimal')
  }
  return openBytes(sealed, keys)
}

/** Encrypts every string into its place. Randomness is drawn in the order of the strings. */
export function sealLeaves(
  leaves: readonly Leaf[],
  keys: MessageKeys,
  random: Random,
  blockBytes: number
): Promise<void> {
  return forEachLeaf(leaves, async ({ text, container, key }) => {
    setOwn(container, key, await sealText(encodeUtf8(text), keys, random, blockBytes))
  })
}

/** Decrypts every string into its place. @throws EnvelopeError as {@link openText}. */
export function openLeaves(leaves: readonly Leaf[], keys: MessageKeys): Promise<void> {
  return forEachLeaf(leaves, async ({ text, container, key }) => {
    const bytes = await openText(text, keys)
    try {
      setOwn(container, key, decodeUtf8Strict(bytes))
    } catch {
      throw answerError('ERR_ENVELOPE_DECRYPT', 'a decrypted string is not UTF-8')
    }
  })
}

async function forEachLeaf(leaves: readonly Leaf[], run: (leaf: Leaf) => Promise<void>): Promise<void> {
  for (let start = 0; start < leaves.length; start += PARALLEL) {
    await Promise.all(leaves.slice(start, start + PARALLEL).map(run))
  }
}
