/**
 * Options and surface of a devnet's chain. Types only.
 *
 * @module
 */
import type { ChainSource } from '../../payments/chain/index.js'
import type { Wallet } from '../../payments/contracts/index.js'
import type { DevnetContractCodes } from './contract-code.js'
import type { RootCellInput } from './root-cell.js'

/** Ways in which the devnet's proxies cheat on chain; see {@link DEVNET_CHAIN_CHEATS}. */
export type ChainCheat = 'overcharge' | 'replay' | 'rollback' | 'vanish' | 'refuse-close'

/** Every cheat and what it does. */
export const DEVNET_CHAIN_CHEATS: Readonly<Record<ChainCheat, string>> = {
  overcharge: 'signs and charges 10^9 tokens more than were used, after every request',
  replay: 'sends every charge twice; the second ends with exit code 1000',
  rollback: 'signs half of what was used: totals go back',
  vanish: 'drops all connections, accepts none, and does nothing on chain',
  'refuse-close': 'never grants a refund: only the forced close is left'
}

/** Options of the chain. Every field is optional; `undefined` means the default. */
export interface DevnetChainOptions {
  /** Port of the HTTP facade. Default 0: any free one. */
  readonly port?: number | undefined
  /** Whether every message makes a block at once; otherwise `stepBlock` does. Default `true`. */
  readonly autoBlocks?: boolean | undefined
  /** Whether the configured accounts find their client contracts deployed, with secret and deposit. Default `true`. */
  readonly openAccounts?: boolean | undefined
  /** Default 86400, as on mainnet. */
  readonly proxyDelaySeconds?: number | undefined
  /** Default 43200, as on mainnet. */
  readonly clientDelaySeconds?: number | undefined
  /** Default 15 TON, as on mainnet. */
  readonly minClientStakeNano?: bigint | undefined
  /** Stake that is paid into each proxy contract. Default 0, as on mainnet. */
  readonly proxyStakeNano?: bigint | undefined
  /** Unsettled use from which a proxy charges by itself, nanotons. Default 1 TON, as the reference. */
  readonly chargeThresholdNano?: bigint | undefined
  readonly cheats?: readonly ChainCheat[] | undefined
  /** Other code of the contracts, compiled for struct version 4, e.g. that of the main network. Default: the devnet's own. */
  readonly codes?: DevnetContractCodes | undefined
}

/** A wallet with TON in it, for tests. */
export interface DevnetWallet {
  /** Friendly, bounceable. */
  readonly address: string
  /** Ed25519 seed, 32 bytes. Worth nothing outside this devnet. */
  readonly seed: Uint8Array
  /** For `walletSigner`. */
  readonly wallet: Wallet
  /** Signs 32 bytes. */
  readonly sign: (hash: Uint8Array) => Promise<Uint8Array>
}

/** A proxy on chain. */
export interface DevnetChainProxy {
  /** Its contract. */
  readonly address: string
  /** Its wallet, which owns the contract. */
  readonly owner: string
  /** The client contract of an owner at this proxy. */
  clientAddress(owner: string): string
  /** Charges what an owner used, now. @returns Whether there was anything to charge. */
  charge(owner: string): Promise<boolean>
}

/** The chain of a devnet: `devnet.chain`. */
export interface DevnetChain {
  /** Base of the HTTP facade: `<url>/api/v2/jsonRPC` and `<url>/api/v3` speak toncenter. */
  readonly url: string
  /** Reads and sends without HTTP. */
  readonly source: ChainSource
  /** The same as {@link DevnetChain.source}. */
  readonly reader: ChainSource
  /** The same as {@link DevnetChain.source}. */
  readonly sender: ChainSource
  readonly rootAddress: string
  /** Present state of the root contract, bag of cells. */
  rootState(): Uint8Array
  /** Changes the root contract; its version grows by one. `paramsVersion` or prices move every contract to a new address. */
  changeRoot(change: Partial<Omit<RootCellInput, 'owner' | 'version'>>): Promise<void>
  readonly proxies: readonly DevnetChainProxy[]
  /** Time of the chain, Unix seconds. */
  readonly nowUnix: number
  /** Adds TON to an address. */
  faucet(address: string, amountNano: bigint): Promise<void>
  /** Moves the time of the chain on. */
  advance(seconds: number): Promise<void>
  /** Makes a block. @returns Its number. */
  stepBlock(): Promise<number>
  /** Switches automatic blocks. */
  setAutoBlocks(enabled: boolean): void
  /** A V4R2 wallet with TON in it. Default amount 100 TON; a random key. */
  createWallet(options?: { readonly amountNano?: bigint; readonly seed?: Uint8Array }): Promise<DevnetWallet>
  /** Sends an internal message from any address; its value comes from nowhere. */
  sendInternal(message: {
    readonly from: string
    readonly to: string
    readonly valueNano: bigint
    readonly body?: Uint8Array
    readonly stateInit?: Uint8Array
  }): Promise<void>
  /** Replaces the standing cheats; without names there are none. @throws CocoonError `ERR_OPTIONS`. */
  setCheats(...names: readonly ChainCheat[]): void
  /** Resolves when the proxies have done on chain what was due. */
  idle(): Promise<void>
}
