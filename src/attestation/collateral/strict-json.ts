/**
 * JSON that means one thing: RFC 8259 grammar, no member twice, bounded depth and length. Signed collateral is parsed with
 * it, because parsers disagree about duplicate members and a signature over text says nothing about the reading of it.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** A parsed value; objects have no prototype. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

/** A parsed object. */
export interface JsonObject {
  readonly [name: string]: JsonValue
}

const MAX_DEPTH = 16

/** Longest text that is read, UTF-16 code units. */
const MAX_LENGTH = 4_194_304

/** A text with its reading position. */
interface Cursor {
  readonly text: string
  at: number
}

/** Parses a whole text. @throws CocoonError `ERR_ENCODING`. */
export function parseStrictJson(text: string): JsonValue {
  const cursor = open(text)
  const value = readValue(cursor, 0)
  if (cursor.at !== text.length) throw jsonError('text after the value')
  return value
}

/**
 * The exact source text of each member of the outermost object, for bodies whose signature covers their text.
 *
 * @throws CocoonError `ERR_ENCODING`.
 */
export function sourceOfMembers(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>()
  const cursor = open(text)
  readMembers(cursor, (name) => {
    const start = cursor.at
    readValue(cursor, 1)
    members.set(name, text.slice(start, cursor.at).trim())
  })
  if (cursor.at !== text.length) throw jsonError('text after the value')
  return members
}

/** Unrolled, so that a long string costs the engine no memory per character. */
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const LITERALS: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null]
]

function open(text: string): Cursor {
  if (text.length > MAX_LENGTH) throw jsonError('too long')
  return { text, at: 0 }
}

/** Reads one value with the white space around it. */
function readValue(cursor: Cursor, depth: number): JsonValue {
  if (depth > MAX_DEPTH) throw jsonError('too deep')
  skipSpace(cursor)
  const first = cursor.text[cursor.at]
  let value: JsonValue
  if (first === '{') {
    const object = Object.create(null) as Record<string, JsonValue>
    readMembers(cursor, (name) => {
      object[name] = readValue(cursor, depth + 1)
    })
    value = object
  } else if (first === '[') value = readArray(cursor, depth)
  else if (first === '"') value = JSON.parse(match(cursor, STRING)) as string
  else {
    const literal = LITERALS.find(([word]) => cursor.text.startsWith(word, cursor.at))
    if (literal === undefined) value = Number(match(cursor, NUMBER))
    else {
      cursor.at += literal[0].length
      value = literal[1]
    }
  }
  skipSpace(cursor)
  return value
}

function readMembers(cursor: Cursor, readMember: (name: string) => void): void {
  const seen = new Set<string>()
  skipSpace(cursor)
  expect(cursor, '{')
  skipSpace(cursor)
  if (take(cursor, '}')) return skipSpace(cursor)
  do {
    skipSpace(cursor)
    const name = JSON.parse(match(cursor, STRING)) as string
    if (seen.has(name)) throw jsonError('a member occurs twice')
    seen.add(name)
    skipSpace(cursor)
    expect(cursor, ':')
    readMember(name)
  } while (take(cursor, ','))
  expect(cursor, '}')
  skipSpace(cursor)
}

function readArray(cursor: Cursor, depth: number): JsonValue[] {
  const items: JsonValue[] = []
  expect(cursor, '[')
  skipSpace(cursor)
  if (take(cursor, ']')) return items
  do items.push(readValue(cursor, depth + 1))
  while (take(cursor, ','))
  expect(cursor, ']')
  return items
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    cursor.at += 1
  }
}

function match(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at
  const found = pattern.exec(cursor.text)?.[0]
  if (found === undefined) throw jsonError('not a value')
  cursor.at += found.length
  return found
}

function take(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false
  cursor.at += 1
  return true
}

function expect(cursor: Cursor, character: string): void {
  if (!take(cursor, character)) throw jsonError(`${character} is due`)
}

function jsonError(message: string): CocoonError {
  return new CocoonError('ERR_ENCODING', `JSON: ${message}`, { phase: 'encoding' })
}
