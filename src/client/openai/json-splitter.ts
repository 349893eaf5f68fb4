/**
 * Cuts a text of JSON values that stand one after another (lines, pretty-printed, or without any separator) into the
 * values' texts. It only finds where a value ends; whether it is JSON is for `JSON.parse` to say.
 *
 * @module
 */

/** Push splitter; see {@link createJsonSplitter}. */
export interface JsonSplitter {
  /** Takes the next piece of text. */
  push(text: string): void
  /** The text of a value that never ended, `''` when there is none. */
  rest(): string
}

/**
 * Splits incrementally and in linear time; holds at most one value. Outside a value only white space is allowed.
 *
 * @param handlers.onValue - Called with the text of each object or array, in order.
 * @param handlers.onGarbage - Called once with the text from the first character that begins neither; nothing is
 *   looked at afterwards.
 * @param handlers.onTooLong - Called once when a value grows beyond `maxChars`; nothing is looked at afterwards.
 */
export function createJsonSplitter(
  maxChars: number,
  handlers: { onValue(text: string): void; onGarbage(text: string): void; onTooLong(): void }
): JsonSplitter {
  let pieces: string[] = []
  let heldChars = 0
  let depth = 0
  let inString = false
  let escaped = false
  let dead = false

  function hold(piece: string): void {
    heldChars += piece.length
    if (piece !== '') pieces.push(piece)
    if (heldChars <= maxChars) return
    dead = true
    pieces = []
    handlers.onTooLong()
  }

  function take(last: string): string {
    const text = pieces.length === 0 ? last : pieces.join('') + last
    pieces = []
    heldChars = 0
    return text
  }

  function push(text: string): void {
    let start = 0
    for (let index = 0; index < text.length && !dead; index++) {
      const code = text.charCodeAt(index)
      if (inString) {
        if (escaped) escaped = false
        else if (code === 0x5c) escaped = true
        else if (code === 0x22) inString = false
      } else if (code === 0x7b || code === 0x5b) {
        if (depth++ === 0) start = index
      } else if (depth === 0) {
        if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) continue
        dead = true
        handlers.onGarbage(text.slice(index))
      } else if (code === 0x22) {
        inString = true
      } else if ((code === 0x7d || code === 0x5d) && --depth === 0) {
        handlers.onValue(take(text.slice(start, index + 1)))
      }
    }
    if (depth > 0 && !dead) hold(text.slice(start))
  }

  return { push, rest: () => (dead ? '' : take('')) }
}
