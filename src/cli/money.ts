/**
 * What the money commands share: the chain, the ledger file, amounts as people write them, prices.
 *
 * @module
 */
import type { Clock } from '../index.js'
import type { ChainSource, CocoonNetwork, Ledger, Registry } from '../ton.js'
import { type OptionSpec, type OptionValues, textOf } from './command.js'
import type { CliContext } from './context.js'
import { ledgerPathOf, type NamedDevnet } from './devnet-file.js'
import { usageError } from './usage-error.js'

/** Flags that name a network by its root contract, and the chain that it is read from. */
export const ROOT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  chain: {
    type: 'string',
    placeholder: 'URL',
    description: 'toncenter-like API, with or without /api/v3; default toncenter of the network'
  },
  root: {
    type: 'string',
    placeholder: 'ADDRESS',
    description: 'root contract of the network, or the word mainnet; proxies, prices and image hashes come from it'
  }
}

/** Flags of the chain. */
export const CHAIN_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...ROOT_OPTIONS,
  root: {
    type: 'string',
    placeholder: 'ADDRESS',
    description: 'root contract of the network; default that of mainnet'
  },
  test: { type: 'boolean', description: 'a test network' },
  devnet: {
    type: 'string',
    placeholder: 'FILE',
    description: 'description of a running devnet with a chain: chain, root, parties, wallet and ledger in one'
  }
}

/** Flag of the ledger. */
export const LEDGER_OPTION: Readonly<Record<string, OptionSpec>> = {
  ledger: {
    type: 'string',
    placeholder: 'FILE',
    description: 'ledger file with receipts, charges and sent messages; with --devnet default FILE.ledger'
  }
}

/** Flag of commands that read a ledger only: they want nothing else of a devnet. */
export const BESIDE_DEVNET: OptionSpec = {
  type: 'string',
  placeholder: 'FILE',
  description: 'description of a devnet: the ledger beside it'
}

/** Time of the process. */
export const cliClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (run, delayMs) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  }
}

/** A network by its root contract, and the chain to read it from. */
export interface NamedChain {
  readonly source: ChainSource
  readonly network: CocoonNetwork
}

/** The chain and the network that the flags name. @throws CocoonError `ERR_OPTIONS`. */
export async function namedChain(values: OptionValues, devnet?: NamedDevnet): Promise<NamedChain> {
  const { mainnet, testnet, toncenterV3 } = await import('../ton.js')
  const described = devnet?.money.chain
  if (devnet !== undefined) {
    for (const name of ['chain', 'root', 'test'])
      if (values[name] !== undefined && values[name] !== false)
        throw usageError(`--${name} and --devnet exclude each other`)
    if (described === undefined)
      throw usageError('this devnet has no chain', 'Start it with cocoonkit devnet --chain --describe FILE.')
  }
  const url = described?.url ?? textOf(values, 'chain')
  const root = described?.rootAddress ?? textOf(values, 'root')
  const isTest = devnet?.options.network.isTest ?? values['test'] === true
  if (isTest && root === undefined) throw usageError('a test network needs --root ADDRESS')
  if (url !== undefined && !/^https?:\/\/[^/]/.test(url)) throw usageError('--chain must be an http or https URL')
  const host = isTest ? 'https://testnet.toncenter.com' : 'https://toncenter.com'
  const endpoint = `${(url ?? host).replace(/\/+$/, '').replace(/\/api\/v3$/, '')}/api/v3`
  // Somebody's own node has no rate limit to be kept.
  const isLocal = /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(endpoint)
  const source = toncenterV3({ endpoint, clock: cliClock, ...(isLocal && { requestsPerSecond: 0 }) })
  if (root === undefined || (root === 'mainnet' && !isTest)) return { source, network: mainnet }
  return { source, network: isTest ? testnet(root) : { name: 'given root', rootAddress: root } }
}

/** Opens the chain and the registry that the flags name. @throws CocoonError `ERR_OPTIONS`. */
export async function openChain(
  values: OptionValues,
  devnet?: NamedDevnet
): Promise<{ source: ChainSource; registry: Registry }> {
  const { openRegistry } = await import('../ton.js')
  const { source, network } = await namedChain(values, devnet)
  return { source, registry: openRegistry({ network, reader: source, clock: cliClock }) }
}

/** Opens the ledger file. @throws CocoonError `ERR_OPTIONS` | `ERR_LEDGER*`. */
export async function openLedgerFile(values: OptionValues): Promise<Ledger> {
  const path = ledgerPathOf(values)
  if (path === undefined) throw usageError('no ledger is named', 'Give --ledger FILE.')
  const [{ openLedger }, { openFileLedgerStore }] = await Promise.all([import('../ton.js'), import('../node.js')])
  return openLedger({ store: await openFileLedgerStore({ path }), clock: cliClock })
}

/** An amount in TON, as decimal text, in nanotons; `undefined` when it was not given. @throws CocoonError `ERR_OPTIONS`. */
export function amountOf(values: OptionValues, name: string): bigint | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text)
  if (match === null) throw usageError(`--${name} must be an amount in TON, such as 1.25`)
  return BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
}

/** An amount that has to be given. */
export function requiredAmount(values: OptionValues, name: string): bigint {
  const amount = amountOf(values, name)
  if (amount === undefined) throw usageError(`no amount is named`, `Give --${name} TON. Nothing is spent by default.`)
  return amount
}

/** Text that has to be given. */
export function requiredText(values: OptionValues, name: string): string {
  const text = textOf(values, name)
  if (text === undefined) throw usageError(`--${name} is missing`)
  return text
}

/** Key material of a file: 32 bytes, or their 64 hex digits. @throws CocoonError `ERR_OPTIONS`. */
export async function readKeyFile(values: OptionValues, name: string, context: CliContext): Promise<Uint8Array> {
  let bytes: Uint8Array
  try {
    bytes = await context.readFile(requiredText(values, name))
  } catch {
    throw usageError(`--${name} cannot be read`)
  }
  if (bytes.length === 32) return bytes
  const text = new TextDecoder().decode(bytes).trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return bytesOfHex(text)
  throw usageError(`--${name} must hold 32 bytes or their 64 hex digits`)
}

/** Bytes of hex digits that were checked. */
export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
