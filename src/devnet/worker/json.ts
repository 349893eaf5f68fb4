/**
 * JSON as the reference worker sees it: integers are exact and different from floats, keys are sorted when written, the
 * last of duplicate keys wins, and a stream of values is cut at value ends without parsing twice.
 *
 * Owns: parser, writer, scanner for concatenated values. Refuses: nesting over 512 levels.
 * Source: session.md §6.2–6.5, §7.3; v3.md §3.1.
 *
 * @module
 */

/** A number that was not written as an integer. */
export class JsonFloat {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/** An object without prototype, so that no key is special. */
export interface JsonObject {
  [key: string]: JsonValue
}

/** Integers are `bigint`, all other numbers {@link JsonFloat}. */
export type JsonValue = null | boolean | string | bigint | JsonFloat | JsonValue[] | JsonObject

/** Whether a value is an object of this module. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonFloat)
}

/** A new empty object. */
export function emptyObject(): JsonObject {
  return Object.create(null) as JsonObject
}

const MAX_DEPTH = 512
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// Runs of ordinary characters; no nested repetition, so that megabytes of text need no backtracking.
const PLAIN = /[^"\\]+/y

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): JsonValue | undefined {
    const value = this.#value(0)
    if (value === undefined) return undefined
    this.#blank()
    return this.#at === this.#text.length ? value : undefined
  }

  #blank(): void {
    while (' \n\r\t'.includes(this.#text[this.#at] ?? 'x')) this.#at++
  }

  #take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false
    this.#at += expected.length
    return true
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return undefined
    this.#at += found[0].length
    return found[0]
  }

  #value(depth: number): JsonValue | undefined {
    if (depth > MAX_DEPTH) return undefined
    this.#blank()
    const first = this.#text[this.#at]
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    if (first === '"') return this.#string()
    if (this.#take('true')) return true
    if (this.#take('false')) return false
    if (this.#take('null')) return null
    const literal = this.#match(NUMBER)
    if (literal === undefined) return undefined
    return /^-?\d+$/.test(literal) ? BigInt(literal) : new JsonFloat(Number(literal))
  }

  #string(): string | undefined {
    const start = this.#at
    if (!this.#take('"')) return undefined
    while (!this.#take('"')) {
      if (this.#match(PLAIN) !== undefined) continue
      // A backslash and what it escapes, or the end of the text.
      if (this.#at + 1 >= this.#text.length) return undefined
      this.#at += 2
    }
    try {
      // Control characters and unknown escapes are refused here.
      return JSON.parse(this.#text.slice(start, this.#at)) as string
    } catch {
      return undefined
    }
  }

  #array(depth: number): JsonValue[] | undefined {
    this.#at++
    const items: JsonValue[] = []
    this.#blank()
    if (this.#take(']')) return items
    for (;;) {
      const item = this.#value(depth + 1)
      if (item === undefined) return undefined
      items.push(item)
      this.#blank()
      if (this.#take(']')) return items
      if (!this.#take(',')) return undefined
    }
  }

  #object(depth: number): JsonObject | undefined {
    this.#at++
    const object = emptyObject()
    this.#blank()
    if (this.#take('}')) return object
    for (;;) {
      this.#blank()
      const key = this.#string()
      this.#blank()
      if (key === undefined || !this.#take(':')) return undefined
      const value = this.#value(depth + 1)
      if (value === undefined) return undefined
      object[key] = value
      this.#blank()
      if (this.#take('}')) return object
      if (!this.#take(',')) return undefined
    }
  }
}

/** The value of a whole document, or `undefined` when it is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  return new Parser(text).document()
}

/** Order of keys: by code point, which is the order of their UTF-8 bytes. */
function compareKeys(a: string, b: string): number {
  const left = Array.from(a)
  const right = Array.from(b)
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

function dumpFloat(value: number): string {
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

/** Compact text with sorted keys. */
export function dumpJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof JsonFloat) return dumpFloat(value.value)
  if (Array.isArray(value)) return `[${value.map(dumpJson).join(',')}]`
  const members = Object.keys(value)
    .toSorted(compareKeys)
    .map((key) => `${JSON.stringify(key)}:${dumpJson(value[key] ?? null)}`)
  return `{${members.join(',')}}`
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/**
 * Finds the ends of concatenated JSON values in a growing byte buffer. Each byte is looked at once.
 *
 * Bare numbers and literals end at the next blank or bracket; whether a cut piece parses is the caller's question.
 */
export class JsonValueScanner {
  #depth = 0
  #inString = false
  #escaped = false
  #started = false

  /**
   * Scans from `from`.
   *
   * @returns Index after the end of the current value, or `undefined` when more bytes are needed.
   */
  scan(bytes: Uint8Array, from: number): number | undefined {
    for (let at = from; at < bytes.length; at++) {
      if (this.#step(bytes[at] ?? 0)) {
        this.#started = false
        return at + 1
      }
    }
    return undefined
  }

  /** Whether this byte ends a value. */
  #step(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) {
        this.#inString = false
        return this.#depth === 0
      }
      return false
    }
    if (byte === QUOTE) {
      this.#inString = true
      this.#started = true
      return false
    }
    if (byte === 0x7b || byte === 0x5b) {
      this.#depth++
      this.#started = true
      return false
    }
    if (byte === 0x7d || byte === 0x5d) {
      this.#depth--
      return this.#depth <= 0
    }
    if (isBlank(byte)) return this.#started && this.#depth === 0
    this.#started = true
    return false
  }
}
