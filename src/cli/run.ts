/**
 * From words to an exit code: finds the command, parses its options, runs it, prints what it throws.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import type { Command, OptionValues } from './command.js'
import type { CliContext } from './context.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import { COMMON_OPTIONS, commandHelp, generalHelp } from './help.js'
import { printFailure } from './print.js'
import { COMMANDS } from './registry.js'
import { usageError } from './usage-error.js'

/** Runs one command line (without interpreter and script). Never throws. */
export async function runCli(words: readonly string[], context: CliContext, version: string): Promise<number> {
  const asJson = words.includes('--json')
  try {
    return await dispatch(words, context, version)
  } catch (error) {
    if (context.signal.aborted) return EXIT.interrupted
    printFailure(context, error, asJson)
    return exitCodeOf(error)
  }
}

async function dispatch([name, ...words]: readonly string[], context: CliContext, version: string): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    context.stdout.write(generalHelp())
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (name === '--version' || name === '-v') {
    context.stdout.write(`${version}\n`)
    return EXIT.ok
  }
  const registered = COMMANDS.find((candidate) => candidate.name === name)
  if (registered === undefined) {
    throw usageError(
      `there is no command ${JSON.stringify(name)}`,
      `One of: ${COMMANDS.map((item) => item.name).join(', ')}.`
    )
  }
  const command = await registered.load()
  const { values, positionals } = parseWords(command, words)
  if (values['help'] === true) {
    context.stdout.write(commandHelp(command))
    return EXIT.ok
  }
  return await command.run(values, positionals, context)
}

function parseWords(
  command: Command,
  words: readonly string[]
): { values: OptionValues; positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: Object.fromEntries(
        Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(([option, { type, short, multiple }]) => [
          option,
          { type, ...(short !== undefined && { short }), ...(multiple !== undefined && { multiple }) }
        ])
      ),
      allowPositionals: command.takesArguments,
      strict: true
    })
    return { values: values as OptionValues, positionals }
  } catch (error) {
    const [message = 'wrong arguments'] = error instanceof Error ? error.message.split('. To specify') : []
    throw usageError(message, `cocoonkit ${command.name} --help lists the options.`)
  }
}
