/**
 * What a command is: a name, a table of options that `--help` is printed from, and a function.
 *
 * @module
 */
import type { CliContext } from './context.js'

/** One option of a command. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** Name of the value in the help, e.g. `HOST:PORT`. */
  readonly placeholder?: string
  /** One line: meaning, unit, default. */
  readonly description: string
}

/** Values as parsed: text, flags, or lists of text. */
export type OptionValues = Readonly<Record<string, string | boolean | ReadonlyArray<string | boolean> | undefined>>

/** A command. One file each; see registry.ts. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** After `cocoonkit NAME`, e.g. `[options] [prompt…]`. */
  readonly usage: string
  readonly options: Readonly<Record<string, OptionSpec>>
  /** Lines below the options. */
  readonly notes?: readonly string[]
  /** Whether words without a dash are taken. */
  readonly takesArguments: boolean
  /** @returns The exit code. What it throws is printed, and gives the exit code. */
  run(values: OptionValues, words: readonly string[], context: CliContext): Promise<number>
}

/** Text of an option, or `undefined`. */
export function textOf(values: OptionValues, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** Whether a flag was given. */
export function flagOf(values: OptionValues, name: string): boolean {
  return values[name] === true
}

/** All texts of an option that may be repeated. */
export function listOf(values: OptionValues, name: string): readonly string[] {
  const value = values[name]
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
