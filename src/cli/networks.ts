/**
 * The networks that flags can name: proxies by address, a root contract on a chain, a devnet's description, a devnet inside
 * this process.
 *
 * @module
 */
import { intelPcs } from '../attestation.js'
import type { Devnet } from '../devnet.js'
import type { CocoonOptions, VerdictPolicy } from '../index.js'
import { flagOf, listOf, type OptionValues, textOf } from './command.js'
import type { CliContext } from './context.js'
import { type NamedDevnet, readNamedDevnet } from './devnet-file.js'
import { namedChain } from './money.js'
import { numberOf, usageError } from './usage-error.js'

/** Environment variable with the secret, unless `--secret-env` names another. */
export const DEFAULT_SECRET_VARIABLE = 'COCOON_SECRET'

/** Prices of a network. */
export type NetworkPrices = Devnet['prices']

/** A network with an account on it. */
export interface Network {
  readonly options: Pick<CocoonOptions, 'network' | 'account' | 'attestation' | 'chain'>
  /** Where the description of the network gives them. */
  readonly prices: NetworkPrices | undefined
  /** Whether the client reads it from a root contract. */
  readonly isOnChain: boolean
  /** One line: how peers are judged. */
  readonly trust: string
  close(): Promise<void>
}

const nothingToClose = (): Promise<void> => Promise.resolve()

/** The network that the flags name. @throws CocoonError `ERR_OPTIONS`. */
export async function openNetwork(values: OptionValues, context: CliContext): Promise<Network> {
  const devnet = await readNamedDevnet(values, context)
  if (devnet !== undefined) return describedDevnet(values, devnet)
  if (flagOf(values, 'embedded-devnet')) return embeddedDevnet(values)
  const isRooted = textOf(values, 'root') !== undefined || textOf(values, 'chain') !== undefined
  return isRooted ? rootedNetwork(values, context) : namedProxies(values, context)
}

async function namedProxies(values: OptionValues, context: CliContext): Promise<Network> {
  const proxies = listOf(values, 'proxy')
  if (proxies.length === 0) {
    throw usageError(
      'no proxy is named',
      'Give --proxy HOST:PORT, or --root mainnet, or --embedded-devnet to try without one.'
    )
  }
  const isUnsafe = flagOf(values, 'unsafe-accept-any-peer')
  return {
    options: {
      network: {
        isTest: flagOf(values, 'test'),
        configVersion: numberOf(values, 'config-version', { min: 0, max: 0xffff_ffff, isInteger: true }),
        proxies
      },
      account: await readAccount(values, context),
      attestation: isUnsafe ? await anyPeer(context) : undefined
    },
    prices: undefined,
    isOnChain: false,
    trust: isUnsafe ? ANY_PEER : 'peers are verified; without a policy all are refused',
    close: nothingToClose
  }
}

/** Proxies, prices and accepted images are those of the root contract. */
async function rootedNetwork(values: OptionValues, context: CliContext): Promise<Network> {
  for (const name of ['proxy', 'config-version'])
    if (values[name] !== undefined) throw usageError(`--${name} and --root exclude each other`)
  const { source, network } = await namedChain(values)
  const isUnsafe = flagOf(values, 'unsafe-accept-any-peer')
  return {
    options: {
      network,
      chain: source,
      account: await readAccount(values, context),
      attestation: isUnsafe ? await anyPeer(context) : { collateral: intelPcs() }
    },
    prices: undefined,
    isOnChain: true,
    trust: isUnsafe
      ? ANY_PEER
      : `verified against the image hashes of ${network.name}'s root contract, as ${source.name} tells it`,
    close: nothingToClose
  }
}

/** The network of a description file: its proxies are verified in full against the devnet's own vendor. */
async function describedDevnet(values: OptionValues, devnet: NamedDevnet): Promise<Network> {
  refuseBeside(values, 'devnet', 'embedded-devnet')
  const { options, money } = devnet
  const common = { prices: money.prices, trust: DEVNET_TRUST, close: nothingToClose }
  if (money.chain === undefined) return { ...common, options, isOnChain: false }
  const { source, network } = await namedChain(values, devnet)
  return { ...common, options: { ...options, network, chain: source }, isOnChain: true }
}

async function embeddedDevnet(values: OptionValues): Promise<Network> {
  refuseBeside(values, 'embedded-devnet')
  const { fromDevnet, startDevnet } = await import('../devnet.js')
  const devnet = await startDevnet()
  return {
    options: fromDevnet(devnet),
    prices: devnet.prices,
    isOnChain: false,
    trust: DEVNET_TRUST,
    close: () => devnet.close()
  }
}

const DEVNET_TRUST = "verified in full against the devnet's own vendor, not against real hardware"
const ANY_PEER = 'ANY PEER IS ACCEPTED (--unsafe-accept-any-peer)'

/** A devnet brings its own proxies, account and trust. */
function refuseBeside(values: OptionValues, flag: string, ...more: readonly string[]): void {
  const own = ['proxy', 'root', 'chain', 'owner', 'secret-env', 'secret-file', 'unsafe-accept-any-peer', ...more]
  for (const name of own) {
    if (values[name] !== undefined && values[name] !== false)
      throw usageError(`--${name} and --${flag} exclude each other`)
  }
}

async function anyPeer(context: CliContext): Promise<VerdictPolicy> {
  context.stderr.write(
    'WARNING: --unsafe-accept-any-peer is set. Whoever answers reads the prompt and receives the account secret.\n'
  )
  return (await import('../unsafe.js')).acceptAnyPeer()
}

async function readAccount(values: OptionValues, context: CliContext): Promise<CocoonOptions['account']> {
  const owner = textOf(values, 'owner')
  if (owner === undefined) throw usageError('no account is named', 'Give --owner ADDRESS.')
  return { owner, secret: await readSecret(values, context) }
}

async function readSecret(values: OptionValues, context: CliContext): Promise<string | Uint8Array | undefined> {
  const path = textOf(values, 'secret-file')
  const variable = textOf(values, 'secret-env')
  if (path !== undefined && variable !== undefined)
    throw usageError('--secret-file and --secret-env exclude each other')
  if (path !== undefined) {
    let bytes: Uint8Array
    try {
      bytes = await context.readFile(path)
    } catch (cause) {
      throw usageError('--secret-file cannot be read', cause instanceof Error ? cause.message : undefined)
    }
    return bytes.at(-1) === 0x0a ? bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1) : bytes
  }
  const secret = context.env[variable ?? DEFAULT_SECRET_VARIABLE]
  if (secret === undefined && variable !== undefined) throw usageError(`the environment has no variable ${variable}`)
  return secret
}
