/**
 * What a running devnet shows.
 *
 * @module
 */
import type { DevnetDescription } from '../attestation/index.js'
import type { TokenPrices } from '../payments/pricing/index.js'
import type { DevnetChain } from './chain/index.js'
import type { PublishedKey } from './keys/index.js'
import type { DevnetConnection, DevnetRequest, DevnetStats } from './log.js'
import type { DevnetWorkerOptions } from './options.js'

/** What clients must know of a devnet. */
export interface DevnetNetwork {
  readonly isTest: boolean
  readonly configVersion: number
  readonly proxies: string[]
  /** Request keys, oldest first; empty without `DevnetOptions.encryption`. Grows when keys are rotated. */
  readonly encryptionKeys: readonly PublishedKey[]
}

/** A running devnet. */
export interface Devnet {
  /** What `new Cocoon({ network })` takes. */
  readonly network: DevnetNetwork
  /** What `new Cocoon({ account })` takes. */
  readonly account: { readonly owner: string; readonly secret: string | Uint8Array }
  readonly prices: TokenPrices
  /** Requests that reached a proxy on an authorised connection, oldest first (the newest 10,000). */
  readonly requests: readonly DevnetRequest[]
  /** Connections, oldest first (the newest 10,000). */
  readonly connections: readonly DevnetConnection[]
  /** Image hashes that its proxies are verified against, hex. */
  readonly imageHashes: readonly string[]
  /** Where the TDX collateral is served in the shape of PCCS; only with `servesCollateral`. */
  readonly pccsUrl: string | undefined
  /** Everything that a client needs, as JSON data: for {@link fromDevnet} and `--devnet FILE`. */
  describe(): DevnetDescription
  /** Certificates of the proxies, DER. */
  readonly certificates: readonly Uint8Array[]
  /** Payment keys of the proxies, 32 bytes each. */
  readonly proxyPublicKeys: readonly Uint8Array[]
  stats(): DevnetStats
  /** Nonces of connections that may be waiting for a chain message. */
  readonly pendingNonces: readonly bigint[]
  /**
   * Plays the arrival of a register message at the proxies.
   *
   * @param owner - Only a connection of this owner is let through; default any.
   * @returns Whether a pending connection has this nonce.
   */
  register(nonce: bigint, owner?: string): boolean
  /** Replaces the standing faults; without names there are none. @throws CocoonError `ERR_OPTIONS` for an unknown name. */
  setFault(...names: readonly string[]): void
  /** Adds a worker to the market. */
  addWorker(options: DevnetWorkerOptions): void
  /** Takes every worker of a model away; the model stays listed. */
  removeWorkers(model: string): void
  /** Enables or disables the workers of a model. */
  setWorkersEnabled(model: string, enabled: boolean): void
  /** Disables or enables a proxy. */
  setProxyEnabled(proxy: number, enabled: boolean): void
  /** Sets money and state of an account at every proxy that has seen it, and for later connections. */
  setAccount(
    owner: string,
    change: { readonly balanceNano?: bigint; readonly stakeNano?: bigint; readonly state?: 0 | 1 | 2 }
  ): void
  /** Makes all usage visible in db_tokens and coverable by signed payments now. */
  commit(): void
  /** Makes and publishes another request key; it expires after `ttlSeconds`, default a day. */
  rotateKey(ttlSeconds?: number): Promise<PublishedKey>
  /** Makes the proxies forget all request keys, which stay published: as right after their restart. */
  forgetKeys(): void
  /** Cuts every open connection of a proxy, or of all. */
  dropConnections(proxy?: number): void
  /** The chain behind the network; `undefined` without `DevnetOptions.chain`. */
  readonly chain: DevnetChain | undefined
  /** Timers, sockets and requests that are alive; 0 after close. */
  readonly liveHandles: number
  /** Ends everything; resolves when sockets and timers are gone. Safe to call twice. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
