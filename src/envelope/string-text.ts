/**
 * Every string of a value, all at once.
 *
 * @module
 */
import { decodeUtf8Strict } from '../encoding/index.js'
import type { Random } from '../runtime/ports/clock.js'
import { answerError } from './envelope-error.js'
import { type Leaf, setOwn } from './json-copy.js'
import type { MessageKeys } from './message-keys.js'
import { openText, sealText } from './string-cipher.js'

/** Strings that are in work at once: enough to keep the platform busy, few enough to bound memory. */
const PARALLEL = 64

/** Encrypts every string into its place. Randomness is drawn in the order of the strings. */
export function sealLeaves(
  leaves: readonly Leaf[],
  keys: MessageKeys,
  random: Random,
  blockBytes: number
): Promise<void> {
  return forEachLeaf(leaves, async ({ text, container, key }) => {
    setOwn(container, key, await sealText(text, keys, random, blockBytes))
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
