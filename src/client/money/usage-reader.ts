/**
 * Counts the tokens that an answer's own `usage` names, beside whoever reads the answer.
 *
 * @module
 */
import { countTokens, NO_TOKENS, type RawTokenCounts } from '../../payments/pricing/index.js'
import { createEventParser } from '../openai/index.js'

/** Longest event that is looked into; a larger one leaves the usage unknown. */
const MAX_EVENT_CHARS = 16_777_216

/** Counts over the parts of one answer. */
export interface UsageReader {
  push(part: Uint8Array): void
  /** @returns The counts, or `null` when the answer named none. */
  finish(): RawTokenCounts | null
}

/** A reader for one answer: server-sent events, JSON lines, or one object. */
export function createUsageReader(): UsageReader {
  const parser = createEventParser(MAX_EVENT_CHARS)
  let counts = NO_TOKENS
  let found = false
  const drain = (): void => {
    for (let text = parser.take(); text !== undefined; text = parser.take()) {
      // Most events of a stream have no usage; they are not parsed a second time.
      if (!text.includes('"usage"')) continue
      try {
        const value: unknown = JSON.parse(text)
        if (typeof (value as { usage?: unknown } | null)?.usage !== 'object') continue
        found ||= (value as { usage: unknown }).usage !== null
        counts = countTokens(counts, value)
      } catch {
        // The reader of the answer says what is wrong with it.
      }
    }
  }
  return {
    push(part) {
      parser.push(part)
      drain()
    },
    finish() {
      parser.finish()
      drain()
      return found ? counts : null
    }
  }
}
