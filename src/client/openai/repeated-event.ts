/**
 * The fast way through a stream: events that differ from one before in nothing but the text that they carry are copied from
 * it, which takes a fraction of the time of `JSON.parse`.
 *
 * @module
 */

/** Recognises events that are like the last one it learned. */
export interface EventRepeater {
  /** The value of an event that is like the learned one; `undefined` for every other, which then is for `JSON.parse`. */
  read(json: string): object | undefined
  /** Takes an event that was parsed and found good for the next model. */
  learn(json: string): void
}

/** Where the text of an event begins. In JSON, what follows these characters is always inside of a string that is a value. */
const TEXT_START = /"(?:content|text|reasoning_content)": ?"/
/** Stands for the text in the model. */
const HOLE = 'cocoonkit:text'
/** Longest event that is a model, in characters; it also bounds how deep one can be nested. */
const MAX_MODEL_CHARS = 2048
/** Models that are made in one stream: one where every event differs costs no more than a few of them. */
const MAX_MODELS = 16

type Copy = (text: string) => unknown

/** One per stream. Every value is a copy of its own, as `JSON.parse` would give it. */
export function createEventRepeater(): EventRepeater {
  let before = ''
  let after = ''
  let copy: Copy | undefined
  let models = 0
  return {
    read(json) {
      const end = json.length - after.length
      // Slices are compared five times faster than `startsWith` and `endsWith` look at them.
      if (copy === undefined || end < before.length || json.slice(0, before.length) !== before) return undefined
      if (json.slice(end) !== after) return undefined
      const text = json.slice(before.length, end)
      return isPlain(text) ? (copy(text) as object) : undefined
    },
    learn(json) {
      if (models === MAX_MODELS || json.length > MAX_MODEL_CHARS) return
      const start = TEXT_START.exec(json)
      // Without a backslash every character stands for itself, so that the hole cannot be spelled in two ways.
      if (start === null || json.includes('\\') || json.includes(HOLE)) return
      models++
      const from = start.index + start[0].length
      const to = json.indexOf('"', from)
      before = json.slice(0, from)
      after = json.slice(to)
      copy = copierOf(JSON.parse(before + HOLE + after))
    }
  }
}

/** Whether a text stands in JSON as it is. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code === 0x22 || code === 0x5c) return false
  }
  return true
}

/** Copies a value with the text in place of the hole; `undefined` for what needs no copy. */
function copierOf(value: unknown): Copy | undefined {
  if (value === HOLE) return (text) => text
  if (typeof value !== 'object' || value === null) return undefined
  const parts: [string, Copy][] = []
  for (const [name, item] of Object.entries(value)) {
    const copy = copierOf(item)
    if (copy !== undefined) parts.push([name, copy])
  }
  return (text) => {
    const result = (Array.isArray(value) ? value.slice() : { ...value }) as Record<string, unknown>
    for (const [name, copy] of parts) result[name] = copy(text)
    return result
  }
}
