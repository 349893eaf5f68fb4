/**
 * Help texts, printed from the tables of the commands.
 *
 * @module
 */
import type { Command, OptionSpec } from './command.js'
import { EXIT_CODE_HELP } from './exit-codes.js'
import { COMMANDS } from './registry.js'

/** Options that every command has. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', description: 'print machine-readable JSON on standard output' },
  help: { type: 'boolean', short: 'h', description: 'print this help' }
}

/** `cocoonkit --help`. */
export function generalHelp(): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length))
  return [
    'Usage: cocoonkit COMMAND [options]',
    '',
    'The COCOON network from a terminal: verified peers, OpenAI requests, streamed answers.',
    '',
    'Commands:',
    ...COMMANDS.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'cocoonkit COMMAND --help tells the options of a command. cocoonkit --version prints the version.',
    '',
    'Exit codes:',
    ...EXIT_CODE_HELP.map((line) => `  ${line}`),
    ''
  ].join('\n')
}

/** `cocoonkit COMMAND --help`. */
export function commandHelp(command: Command): string {
  const rows = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(([name, spec]) => ({
    left: `${spec.short === undefined ? '    ' : `-${spec.short}, `}--${name}${spec.type === 'string' ? ` ${spec.placeholder ?? 'TEXT'}` : ''}`,
    right: `${spec.description}${spec.multiple === true ? ' (repeatable)' : ''}`
  }))
  const width = Math.max(...rows.map((row) => row.left.length))
  return [
    `Usage: cocoonkit ${command.name} ${command.usage}`,
    '',
    `${command.summary.slice(0, 1).toUpperCase()}${command.summary.slice(1)}.`,
    '',
    'Options:',
    ...rows.map((row) => `  ${row.left.padEnd(width)}  ${row.right}`),
    '',
    ...(command.notes === undefined ? [] : [...command.notes, '']),
    'Exit codes:',
    ...EXIT_CODE_HELP.map((line) => `  ${line}`),
    ''
  ].join('\n')
}
