/**
 * The file that `--devnet` names: the description of a running devnet, and the ledger beside it.
 *
 * @module
 */
import { type DevnetClientOptions, devnetMoney, type DevnetMoney, fromDevnet } from '../attestation.js'
import { type OptionSpec, type OptionValues, textOf } from './command.js'
import type { CliContext } from './context.js'
import { usageError } from './usage-error.js'

/** A devnet that is named instead of a network. */
export const DEVNET_OPTION: OptionSpec = {
  type: 'string',
  placeholder: 'FILE',
  description: 'description of a running devnet (cocoonkit devnet --describe FILE) instead of a proxy and an account'
}

/** Text of the file that `--devnet` names. @throws CocoonError `ERR_OPTIONS`. */
export async function readDevnetText(context: CliContext, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await context.readFile(path))
  } catch (cause) {
    throw usageError('--devnet cannot be read', cause instanceof Error ? cause.message : undefined)
  }
}

/** A devnet as the commands use it. */
export interface NamedDevnet {
  readonly options: DevnetClientOptions
  readonly money: DevnetMoney
}

/** The devnet of `--devnet`; `undefined` without that option. @throws CocoonError `ERR_OPTIONS`. */
export async function readNamedDevnet(values: OptionValues, context: CliContext): Promise<NamedDevnet | undefined> {
  const path = textOf(values, 'devnet')
  if (path === undefined) return undefined
  const text = await readDevnetText(context, path)
  return { options: fromDevnet(text), money: devnetMoney(text) }
}

/** The ledger file: the one that is named, or the one beside the devnet's description; `undefined` without either. */
export function ledgerPathOf(values: OptionValues): string | undefined {
  const devnet = textOf(values, 'devnet')
  return textOf(values, 'ledger') ?? (devnet === undefined ? undefined : `${devnet}.ledger`)
}
