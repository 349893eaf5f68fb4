/**
 * Looks at a policy's options before anything is judged with them: a mistake shows when it is made, not at the first peer.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { readRules } from './rules.js'

/** Options that are times, milliseconds. */
const TIMES = ['maxVerdictAgeMs', 'maxAgeMs', 'refreshBeforeMs'] as const

/** @throws CocoonError `ERR_OPTIONS` with the field, where one can be named. */
export function checkPolicyOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) throw optionError('a policy needs options', undefined)
  const { imageHashes, collateral, trust: _trust, ...rest } = options as Record<string, unknown>
  if (typeof imageHashes !== 'function' && !isTexts(imageHashes))
    throw optionError('must be a list of texts or a function that gives one', 'imageHashes')
  const source = collateral as { readonly fetch?: unknown } | null | undefined
  if (typeof source?.fetch !== 'function') throw optionError('must be a source of collateral', 'collateral')
  for (const name of TIMES) {
    const value = rest[name]
    const isTime = typeof value === 'number' && value >= 0
    if (value !== undefined && !isTime) throw optionError('must be milliseconds, 0 or more', name)
  }
  try {
    readRules({ ...rest, imageHashes: [] })
  } catch {
    throw optionError('the policy has an option of the wrong type or out of range', undefined)
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function optionError(message: string, field: string | undefined): CocoonError {
  const text = field === undefined ? message : `${field} ${message}`
  return new CocoonError('ERR_OPTIONS', text, { phase: 'options', field })
}
