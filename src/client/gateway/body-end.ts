/**
 * Whether a streamed body came to its end. HTTP alone does not tell: the reference client ends a body in the same way
 * after an error as after the last chunk (v3.md §8).
 *
 * @module
 */
import { decodeUtf8 } from '../../encoding/utf8.js'

/** Bytes at the end that are looked at; the chunk that says why generation ended stands among the last. */
const TAIL_BYTES = 65_536

/** Watches a body pass by. */
export interface BodyEnd {
  push(part: Uint8Array): void
  /** Asked after the last part of a body that HTTP ended properly. */
  isComplete(): boolean
}

/** Server-sent events end in `[DONE]`. Lines of JSON end after a value with a `finish_reason`. A single value ends itself. */
export function watchBodyEnd(isStream: boolean): BodyEnd {
  let first: string | undefined
  let tail = ''
  return {
    push(part) {
      // Only ASCII is looked for, so that cut characters do not matter.
      const text = decodeUtf8(part)
      first ??= /[^\s\ufeff]/.exec(text)?.[0]
      tail = text.length >= TAIL_BYTES ? text.slice(-TAIL_BYTES) : (tail + text).slice(-TAIL_BYTES)
    },
    isComplete() {
      if (first === undefined || first === '<') return true
      if (first !== '{' && first !== '[') return /(?:^|\n)data: ?\[DONE\]\s*$/.test(tail)
      return !isStream || /"finish_reason"\s*:\s*"|"object"\s*:\s*"chat\.completion"|"error"\s*:/.test(tail)
    }
  }
}
