/**
 * Copies a JSON value and gives out its strings, each with the place where its replacement goes. Objects are walked in
 * the order of their names' UTF-8 bytes, as the reference writes them: the copy's order then says nothing about who made
 * it.
 *
 * @module
 */
import { compareBytes, encodeUtf8 } from '../encoding/index.js'
import type { EnvelopeError } from './envelope-error.js'

/** A JSON object. */
export interface JsonObject {
  [name: string]: JsonValue
}

/** A JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject

/** A string of the value, and its place in the copy. */
export interface Leaf {
  readonly text: string
  readonly path: Path
  readonly container: JsonObject | JsonValue[]
  readonly key: string | number
}

/** A place, from the inside out; written out only for errors. */
export interface Path {
  readonly outer: Path | undefined
  readonly key: string | number
}

/** What the two directions do differently. */
export interface CopyRules {
  /** `true` copies the value as it is, `false` walks it. Throws for a name that must not be there. */
  readonly keeps: (name: string, value: unknown, path: Path) => boolean
  /** Error for what is no JSON, or too deep. */
  readonly refuse: (path: Path | undefined, reason: string) => EnvelopeError
}

/** Deeper nesting is refused before it can exhaust the stack. */
const MAX_DEPTH = 128

/** `.messages[0].content`-like text of a place, without the leading dot. */
export function formatPath(path: Path | undefined): string {
  const keys: (string | number)[] = []
  for (let at = path; at !== undefined; at = at.outer) keys.push(at.key)
  return keys
    .reverse()
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`))
    .join('')
}

/** Copies an object. Properties that are `undefined` are left out, as JSON does. */
export function copyJson(
  source: object,
  rules: CopyRules
): { readonly copy: JsonObject; readonly leaves: readonly Leaf[] } {
  const leaves: Leaf[] = []
  function copyValue(value: unknown, container: JsonObject | JsonValue[], path: Path, depth: number): JsonValue {
    if (typeof value === 'string') {
      leaves.push({ text: value, path, container, key: path.key })
      return ''
    }
    if (value === null || typeof value === 'boolean') return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
    if (depth > MAX_DEPTH) throw rules.refuse(path, 'is nested too deeply')
    if (Array.isArray(value)) return copyArray(value, path, depth)
    if (isPlainObject(value)) return copyObject(value, path, depth)
    throw rules.refuse(path, 'is not a JSON value')
  }
  function copyArray(source: readonly unknown[], outer: Path, depth: number): JsonValue[] {
    const copy: JsonValue[] = []
    for (let index = 0; index < source.length; index++)
      copy.push(copyValue(source[index], copy, { outer, key: index }, depth + 1))
    return copy
  }
  function copyObject(source: object, outer: Path | undefined, depth: number): JsonObject {
    const copy: JsonObject = {}
    for (const name of sortedNames(source)) {
      const value = (source as Record<string, unknown>)[name]
      if (value === undefined) continue
      const path = { outer, key: name }
      setOwn(
        copy,
        name,
        rules.keeps(name, value, path) ? (value as JsonValue) : copyValue(value, copy, path, depth + 1)
      )
    }
    return copy
  }
  if (!isPlainObject(source)) throw rules.refuse(undefined, 'must be a JSON object')
  return { copy: copyObject(source, undefined, 0), leaves }
}

/** Sets an own property also for `__proto__`, which an assignment would take for the prototype. */
export function setOwn(target: JsonObject | JsonValue[], key: string | number, value: JsonValue): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else (target as JsonObject)[key] = value
}

/** Whether a value is an object as `JSON.parse` makes them, of any realm. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

// oxlint-disable-next-line no-control-regex -- ASCII is what is looked for
const ASCII = /^[\x00-\x7f]*$/

function sortedNames(source: object): string[] {
  const names = Object.keys(source)
  // Code units sort like UTF-8 except for surrogates.
  if (names.every((name) => ASCII.test(name))) return names.toSorted()
  return names.toSorted((a, b) => compareBytes(encodeUtf8(a), encodeUtf8(b)))
}
