/**
 * From connection flags to a client: the same flags for every command that talks to a proxy.
 *
 * The account secret is taken from the environment or a file, never from the command line, where every process of the
 * machine and the shell's history could read it.
 *
 * @module
 */
import { type DevnetClientOptions, fromDevnet } from '../attestation.js'
import type { Devnet } from '../devnet.js'
import { Cocoon, type CocoonOptions, type NetworkEventListener, type VerdictPolicy } from '../index.js'
import { flagOf, listOf, type OptionSpec, type OptionValues, textOf } from './command.js'
import type { CliContext } from './context.js'
import { numberOf, usageError } from './usage-error.js'

/** Environment variable with the secret, unless `--secret-env` names another. */
const DEFAULT_SECRET_VARIABLE = 'COCOON_SECRET'

/** Prices of a network. */
export type NetworkPrices = Devnet['prices']

/** Flags of a connection. */
export const CONNECTION_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  proxy: { type: 'string', multiple: true, placeholder: 'HOST:PORT', description: 'a proxy, in order of preference' },
  owner: { type: 'string', placeholder: 'ADDRESS', description: 'the wallet contract that owns the client contract' },
  'secret-env': {
    type: 'string',
    placeholder: 'NAME',
    description: `environment variable with the account secret; default ${DEFAULT_SECRET_VARIABLE}`
  },
  'secret-file': {
    type: 'string',
    placeholder: 'PATH',
    description: 'file with the account secret; one newline at its end is dropped'
  },
  test: { type: 'boolean', description: 'a test network' },
  'config-version': {
    type: 'string',
    placeholder: 'N',
    description: 'lowest root version that the proxy must have; default 0'
  },
  devnet: {
    type: 'string',
    placeholder: 'FILE',
    description: 'description of a running devnet (cocoonkit devnet --describe FILE) instead of a proxy and an account'
  },
  'embedded-devnet': { type: 'boolean', description: 'run a devnet inside this process and use that' },
  'unsafe-accept-any-peer': {
    type: 'boolean',
    description: 'DANGER: talk to whoever answers; they read the prompt and get the account secret'
  },
  timeout: { type: 'string', placeholder: 'SECONDS', description: 'budget of the whole call; default 120' }
}

/** A client with what a person should know about the way to its peer. */
export interface OpenedClient {
  readonly client: Cocoon
  /** Where the network description gives them. */
  readonly prices: NetworkPrices | undefined
  /** One line: how the peer is judged. */
  readonly trust: string
  /** Closes the client, and the devnet if there is one. */
  close(): Promise<void>
}

interface Network {
  readonly options: Pick<CocoonOptions, 'network' | 'account' | 'attestation'>
  readonly prices: NetworkPrices | undefined
  readonly trust: string
  close(): Promise<void>
}

/**
 * Makes the client that the flags describe. Nothing is connected yet, but with `--embedded-devnet` the devnet runs.
 *
 * @throws CocoonError `ERR_OPTIONS`.
 */
export async function openClient(
  values: OptionValues,
  context: CliContext,
  onEvent?: NetworkEventListener
): Promise<OpenedClient> {
  const timeoutSeconds = numberOf(values, 'timeout', { min: 0.001, max: 2_000_000 })
  const network = await openNetwork(values, context)
  try {
    const client = new Cocoon({
      ...network.options,
      timeoutMs: timeoutSeconds === undefined ? undefined : Math.ceil(timeoutSeconds * 1000),
      onEvent
    })
    return {
      client,
      prices: network.prices,
      trust: network.trust,
      close: async () => {
        await client.close()
        await network.close()
      }
    }
  } catch (error) {
    await network.close()
    throw error
  }
}

async function openNetwork(values: OptionValues, context: CliContext): Promise<Network> {
  const path = textOf(values, 'devnet')
  if (path !== undefined) return await describedDevnet(values, context, path)
  return flagOf(values, 'embedded-devnet') ? await embeddedDevnet(values) : await namedNetwork(values, context)
}

async function namedNetwork(values: OptionValues, context: CliContext): Promise<Network> {
  const proxies = listOf(values, 'proxy')
  const owner = textOf(values, 'owner')
  if (proxies.length === 0)
    throw usageError('no proxy is named', 'Give --proxy HOST:PORT, or --embedded-devnet to try without one.')
  if (owner === undefined) throw usageError('no account is named', 'Give --owner ADDRESS.')
  const isUnsafe = flagOf(values, 'unsafe-accept-any-peer')
  return {
    options: {
      network: {
        isTest: flagOf(values, 'test'),
        configVersion: numberOf(values, 'config-version', { min: 0, max: 0xffff_ffff, isInteger: true }),
        proxies
      },
      account: { owner, secret: await readSecret(values, context) },
      attestation: isUnsafe ? await anyPeer(context) : undefined
    },
    prices: undefined,
    trust: isUnsafe
      ? 'ANY PEER IS ACCEPTED (--unsafe-accept-any-peer)'
      : 'peers are verified; without a policy all are refused',
    close: () => Promise.resolve()
  }
}

/** The network of a description file: its proxies are verified in full against the devnet's own vendor. */
async function describedDevnet(values: OptionValues, context: CliContext, path: string): Promise<Network> {
  refuseBeside(values, 'devnet', 'embedded-devnet')
  return {
    options: await readDevnetFile(context, path),
    prices: undefined,
    trust: DEVNET_TRUST,
    close: () => Promise.resolve()
  }
}

async function embeddedDevnet(values: OptionValues): Promise<Network> {
  refuseBeside(values, 'embedded-devnet')
  const { fromDevnet, startDevnet } = await import('../devnet.js')
  const devnet = await startDevnet()
  return { options: fromDevnet(devnet), prices: devnet.prices, trust: DEVNET_TRUST, close: () => devnet.close() }
}

const DEVNET_TRUST = "verified in full against the devnet's own vendor, not against real hardware"

/** Options out of the description of a devnet. @throws CocoonError `ERR_OPTIONS`. */
export async function readDevnetFile(context: CliContext, path: string): Promise<DevnetClientOptions> {
  return fromDevnet(await readDevnetText(context, path))
}

/** Text of the file that `--devnet` names. @throws CocoonError `ERR_OPTIONS`. */
export async function readDevnetText(context: CliContext, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await context.readFile(path))
  } catch (cause) {
    throw usageError('--devnet cannot be read', cause instanceof Error ? cause.message : undefined)
  }
}

/** A devnet brings its own proxies, account and trust. */
function refuseBeside(values: OptionValues, flag: string, ...more: readonly string[]): void {
  for (const name of ['proxy', 'owner', 'secret-env', 'secret-file', 'unsafe-accept-any-peer', ...more]) {
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
