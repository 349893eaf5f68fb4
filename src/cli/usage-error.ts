/**
 * Wrong use of the command line.
 *
 * @module
 */
import { CocoonError } from '../index.js'
import { type OptionValues, textOf } from './command.js'

/** An `ERR_OPTIONS` about the command line (exit code 2). */
export function usageError(message: string, remedy?: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', message, { phase: 'options', remedy })
}

/** A number option within bounds, or `undefined` when it was not given. */
export function numberOf(
  values: OptionValues,
  name: string,
  bounds: { readonly min: number; readonly max: number; readonly isInteger?: boolean }
): number | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const value = Number(text)
  const fits = text.trim() !== '' && value >= bounds.min && value <= bounds.max
  if (!fits || (bounds.isInteger === true && !Number.isInteger(value))) {
    throw usageError(
      `--${name} must be a ${bounds.isInteger === true ? 'whole ' : ''}number from ${bounds.min} to ${bounds.max}`
    )
  }
  return value
}
