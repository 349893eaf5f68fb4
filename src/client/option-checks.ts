/**
 * Checks of single option values. Each returns the value or throws `ERR_OPTIONS` with the option's path in `field`;
 * messages never quote the value, which may be a secret in the wrong place.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

/** Longest delay that the timers of all runtimes take, about 24 days. */
const MAX_DELAY_MS = 0x7fff_ffff

/** An `ERR_OPTIONS` about one option. */
export function optionError(path: string, message: string, remedy?: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `option ${path} ${message}`, { phase: 'options', field: path, remedy })
}

/** A plain object (or an instance of a class). */
export function checkObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw optionError(path, 'must be an object')
  return value as Record<string, unknown>
}

/** An integer within bounds; `undefined` gives the default. */
export function checkInteger<D>(
  value: unknown,
  path: string,
  bounds: { readonly min: number; readonly max: number; readonly default: D }
): number | D {
  if (value === undefined) return bounds.default
  if (typeof value === 'number' && Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value
  throw optionError(path, `must be a whole number from ${bounds.min} to ${bounds.max}`)
}

/** A duration, > 0, capped at what timers take; `undefined` gives the default. */
export function checkDuration<D>(value: unknown, path: string, fallback: D): number | D {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value > 0) return Math.min(value, MAX_DELAY_MS)
  throw optionError(path, 'must be a positive number of milliseconds')
}

/** A boolean; `undefined` gives the default. */
export function checkBoolean<D>(value: unknown, path: string, fallback: D): boolean | D {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw optionError(path, 'must be true or false')
  return value
}

/** A function or `undefined`. */
export function checkFunction<T>(value: T, path: string): T {
  if (value !== undefined && typeof value !== 'function') throw optionError(path, 'must be a function')
  return value
}

/** An object that has the given methods, or `undefined`. */
export function checkPort<T>(value: T, path: string, ...methods: readonly string[]): T {
  if (value === undefined) return value
  const object = checkObject(value, path)
  for (const method of methods) {
    if (typeof object[method] !== 'function') throw optionError(path, `must have a method ${method}`)
  }
  return value
}

/** Refuses keys that no option has: a misspelt limit must not be silently without effect. */
export function checkKeys(value: Record<string, unknown>, path: string, known: readonly string[]): void {
  const prefix = path === '' ? '' : `${path}.`
  for (const [key, given] of Object.entries(value)) {
    if (given !== undefined && !known.includes(key))
      throw optionError(`${prefix}${key}`, 'does not exist', `Known: ${known.join(', ')}.`)
  }
}
