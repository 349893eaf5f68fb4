/**
 * From connection flags to a client: the same flags for every command that talks to a proxy.
 *
 * The account secret is taken from the environment or a file, never from the command line, where every process of the
 * machine and the shell's history could read it.
 *
 * @module
 */
import { Cocoon, type NetworkEventListener } from '../index.js'
import type { Ledger } from '../ton.js'
import type { OptionSpec, OptionValues } from './command.js'
import { textOf } from './command.js'
import type { CliContext } from './context.js'
import { DEVNET_OPTION } from './devnet-file.js'
import { openLedgerFile, ROOT_OPTIONS } from './money.js'
import { DEFAULT_SECRET_VARIABLE, type Network, type NetworkPrices, openNetwork } from './networks.js'
import { numberOf } from './usage-error.js'

/** Flags of a connection. */
export const CONNECTION_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  proxy: { type: 'string', multiple: true, placeholder: 'HOST:PORT', description: 'a proxy, in order of preference' },
  owner: { type: 'string', placeholder: 'ADDRESS', description: 'the wallet contract that owns the client contract' },
  ...ROOT_OPTIONS,
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
  devnet: DEVNET_OPTION,
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
  /** Where the description of the network gives them; with a root contract the client knows them itself. */
  readonly prices: NetworkPrices | undefined
  /** Prices of the network from wherever they are known, for printing. */
  readPrices(): Promise<NetworkPrices | undefined>
  /** One line: how the peer is judged. */
  readonly trust: string
  /** Closes the client, the ledger and the devnet, where there are such. */
  close(): Promise<void>
}

/** What a command wants of its client. */
export interface ClientWishes {
  readonly onEvent?: NetworkEventListener | undefined
  /** Whether receipts go to the ledger that the flags name, if they name one. Default `false`. */
  readonly records?: boolean | undefined
}

/**
 * Makes the client that the flags describe. Nothing is connected yet, but with `--embedded-devnet` the devnet runs.
 *
 * @throws CocoonError `ERR_OPTIONS`, `ERR_LEDGER*`.
 */
export async function openClient(
  values: OptionValues,
  context: CliContext,
  { onEvent, records = false }: ClientWishes = {}
): Promise<OpenedClient> {
  const timeoutSeconds = numberOf(values, 'timeout', { min: 0.001, max: 2_000_000 })
  const network = await openNetwork(values, context)
  let ledger: Ledger | undefined
  try {
    // A devnet's receipts go beside its description when its chain can charge for them; elsewhere only where told.
    const hasLedger =
      textOf(values, 'ledger') !== undefined || (textOf(values, 'devnet') !== undefined && network.isOnChain)
    if (records && hasLedger) ledger = await openLedgerFile(values)
    const client = new Cocoon({
      ...network.options,
      timeoutMs: timeoutSeconds === undefined ? undefined : Math.ceil(timeoutSeconds * 1000),
      onEvent,
      payments: ledger && { ledger, prices: network.prices }
    })
    return opened(client, network, ledger)
  } catch (error) {
    await ledger?.close()
    await network.close()
    throw error
  }
}

function opened(client: Cocoon, network: Network, ledger: Ledger | undefined): OpenedClient {
  return {
    client,
    prices: network.prices,
    readPrices: async () => {
      if (!network.isOnChain) return network.prices
      const { pricePerTokenNano, workerFeePerTokenNano, multipliers } = (await client.registry()).root
      return { pricePerTokenNano, workerFeePerTokenNano, multipliers }
    },
    trust: network.trust,
    close: async () => {
      // The newest signed charge belongs to the receipts; not getting it loses nothing.
      if (ledger !== undefined && client.attestations().size > 0)
        await client.refreshPayments({ timeoutMs: CHARGE_TIMEOUT_MS }).catch(() => undefined)
      await client.close()
      await ledger?.close()
      await network.close()
    }
  }
}

/** How long the end of a command may wait for a signed charge. */
const CHARGE_TIMEOUT_MS = 2000
