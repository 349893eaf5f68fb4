/**
 * Options of a devnet.
 *
 * @module
 */
import type { TokenPrices } from '../payments/pricing/index.js'
import type { DevnetChainOptions } from './chain/index.js'
import type { NetworkVersion } from './proxy/answers.js'
import type { AuthorizationMode } from './proxy/settings.js'
import type { EvidenceMaker, ServerCertificate } from './server/certificate.js'
import type { DevnetTeeOptions } from './tee-vendor/index.js'
import type { Upstream } from './upstream/index.js'
import type { WorkerBehaviour } from './worker/index.js'

/** A worker of the market. */
export interface DevnetWorkerOptions {
  /** Model base name. */
  readonly model: string
  /** Price coefficient, 1/1000. Default 1000. */
  readonly coefficient?: number
  /** Slots over all proxies. Default 60. */
  readonly maxActiveRequests?: number
  /** Default: `DevnetOptions.worker`. */
  readonly behaviour?: WorkerBehaviour
  /** Default: `DevnetOptions.upstream`. */
  readonly upstream?: string | Upstream
}

/** An account that the network knows. */
export interface DevnetAccountOptions {
  /** Wallet address, any form. Default: a devnet address. */
  readonly owner?: string
  /** Its secret; a string is its UTF-8 bytes. Default `'cocoonkit devnet secret'`. */
  readonly secret?: string | Uint8Array
  /** Prepaid balance per proxy, nanotons. Default 20 TON. */
  readonly balanceNano?: bigint
  /** Stake per proxy, nanotons. Default 15 TON. */
  readonly stakeNano?: bigint
}

/** Options of {@link startDevnet}. Every field is optional; `undefined` means the default. */
export interface DevnetOptions {
  /** Interface to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Port of the first proxy, the next ones follow. Default 0: any free port. */
  readonly port?: number | undefined
  /** Number of proxies. Default 1. */
  readonly proxies?: number | undefined
  /** Network that the proxies play: protocol 0…2 or 0…4. Default `apr-2026`. */
  readonly version?: NetworkVersion | undefined
  /** How workers pass answers on. Default `event-by-event`; `dec-2025` networks also check requests as December did. */
  readonly worker?: WorkerBehaviour | undefined
  /** Default `true`. */
  readonly isTest?: boolean | undefined
  /** Active root version of the proxies. Default 1. */
  readonly configVersion?: number | undefined
  /** Proof of work, leading zero bits. The real network asks for 20. Default 8. */
  readonly difficultyBits?: number | undefined
  /**
   * `short`: configured accounts are known to the proxies and may use their secret; others are asked for a chain message.
   * `long`: nobody is known. `fake-ton`: as a reference proxy without chain: everybody is known with the empty secret.
   * Default `short`.
   */
  readonly authorization?: AuthorizationMode | undefined
  /** The account in `Devnet.account`. */
  readonly account?: DevnetAccountOptions | undefined
  /** Further accounts that the network knows. */
  readonly accounts?: readonly DevnetAccountOptions[] | undefined
  /** Prices. Default: those of mainnet in April 2026. */
  readonly prices?: TokenPrices | undefined
  /** The market. Default: two models, one of them with two workers; see `DEFAULT_DEVNET_WORKERS`. */
  readonly workers?: readonly DevnetWorkerOptions[] | undefined
  /** Base URL of an OpenAI-compatible server, or a function. Default: the built-in generator. */
  readonly upstream?: string | Upstream | undefined
  /** Of the built-in generator: milliseconds between streamed tokens. Default 0. */
  readonly tokenDelayMs?: number | undefined
  /** Of the built-in generator: milliseconds before an answer. Default 0. */
  readonly firstTokenDelayMs?: number | undefined
  /** Of the built-in generator: form of its streams. Default `sse`. */
  readonly streamFormat?: 'sse' | 'ndjson' | undefined
  /**
   * Whether a key manager runs, publishes request keys in `devnet.network.encryptionKeys`, and workers take encrypted
   * requests; only for `apr-2026`. Default `false`, as the main network was in April 2026.
   */
  readonly encryption?: boolean | undefined
  /**
   * A TON of its own behind the network: root, proxy and client contracts, HTTP like toncenter's. Deposits, secrets and
   * states of accounts then come from their contracts. Needs the optional package `@ton/sandbox`. Default `false`.
   */
  readonly chain?: boolean | DevnetChainOptions | undefined
  /** Faults that hold for every connection and request until changed; names in docs of `DEVNET_FAULTS`. */
  readonly faults?: readonly string[] | undefined
  /** Silence after which a proxy closes. Default 60000. */
  readonly idleTimeoutMs?: number | undefined
  /** Period in which the proxies' databases are flushed (`db_tokens`). Default 1500; 0 = at once. */
  readonly databaseFlushMs?: number | undefined
  /** Period in which usage becomes covered by signed payments. Default 30000; 0 = at once. */
  readonly stateCommitMs?: number | undefined
  /** Certificate form: 1 leaves the version field out as the reference does. Default 1. */
  readonly certificateVersion?: 1 | 3 | undefined
  /**
   * What evidence the proxies present. Default: TDX quotes of the devnet's own synthetic Intel, which a client made with
   * `fromDevnet` verifies in full.
   */
  readonly tee?: DevnetTeeOptions | undefined
  /** Also serve the TDX collateral over HTTP, for `pccs(devnet.pccsUrl)`. Default `false`: the description carries it. */
  readonly servesCollateral?: boolean | undefined
  /** TEE extensions of the certificate instead of those of `tee`; `() => []` for none. */
  readonly evidence?: EvidenceMaker | undefined
  /** Makes the whole certificate instead; `certificateVersion`, `tee` and `evidence` then do not show in it. */
  readonly certificate?:
    | ((context: { readonly proxy: number; readonly nowUnixMs: number }) => Promise<ServerCertificate>)
    | undefined
  /** Seeds (32 bytes) of the proxies' payment keys, for reproducible runs. Default: random. */
  readonly proxySeeds?: readonly Uint8Array[] | undefined
  /** Unix milliseconds. Default the system clock. */
  readonly now?: (() => number) | undefined
}

/** The market of a devnet without `workers`. */
export const DEFAULT_DEVNET_WORKERS: readonly DevnetWorkerOptions[] = [
  { model: 'devnet/echo', coefficient: 1000 },
  { model: 'devnet/echo', coefficient: 1300 },
  { model: 'devnet/echo-large', coefficient: 2500 }
]

/** Secret of the default account. */
export const DEFAULT_DEVNET_SECRET: string = 'cocoonkit devnet secret'
