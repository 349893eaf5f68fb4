/**
 * JSON that means one thing: RFC 8259 grammar, no member twice, bounded depth and length. Signed collateral is parsed with
 * it, because parsers disagree about duplicate members and a signature over text says nothing about the reading of it.
 *
 * The grammar is the platform's; what it lets pass (members that occur twice, depth) is looked at before, token by token.
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

/**
 * A string, with its colon when it is the name of a member; a character of structure; a quote that nothing closes, without
 * which the search would begin anew behind it, again and again. Strings are unrolled, so that a long one costs the engine
 * no memory per character.
 */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\],"]/gs

/** Parses a whole text. @throws CocoonError `ERR_ENCODING`. */
export function parseStrictJson(text: string): JsonValue {
  if (text.length > MAX_LENGTH) throw jsonError('too long')
  const open: Set<string>[] = []
  for (const { 0: token, 1: colon } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > MAX_DEPTH) throw jsonError('too deep')
    } else if (token === '}' || token === ']') open.pop()
    else if (token === '"') throw jsonError('a string without an end')
    else if (colon !== undefined) {
      const name = parse(token.slice(0, -colon.length)) as string
      const names = open.at(-1)
      if (names?.has(name) === true) throw jsonError('a member occurs twice')
      names?.add(name)
    }
  }
  return parse(text)
}

/**
 * The exact source text of each member of the outermost object, for bodies whose signature covers their text.
 *
 * @throws CocoonError `ERR_ENCODING`.
 */
export function sourceOfMembers(text: string): ReadonlyMap<string, string> {
  const value = parseStrictJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw jsonError('{ is due')
  const members = new Map<string, string>()
  let [depth, start, name]: [number, number, string | undefined] = [0, 0, undefined]
  for (const { 0: token, 1: colon, index } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    const isEnd = depth === 0 || (depth === 1 && token === ',')
    if (name !== undefined && isEnd) {
      members.set(name, text.slice(start, index).trim())
      name = undefined
    } else if (depth === 1 && colon !== undefined) {
      name = parse(token.slice(0, -colon.length)) as string
      start = index + token.length
    }
  }
  return members
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text, withoutPrototype) as JsonValue
  } catch {
    throw jsonError('not a value')
  }
}

function withoutPrototype(_name: string, value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? Object.assign(Object.create(null) as object, value) : value
}

function jsonError(message: string): CocoonError {
  return new CocoonError('ERR_ENCODING', `JSON: ${message}`, { phase: 'encoding' })
}
