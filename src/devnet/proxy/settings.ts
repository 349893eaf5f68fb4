/**
 * What a proxy is made of, and what its parts may ask of it. Types only.
 *
 * @module
 */
import type { TonAddress } from '../../encoding/index.js'
import type { NetworkKeyPair } from '../../envelope/index.js'
import type { TokenPrices } from '../../payments/pricing/index.js'
import type { AnswerFault, FaultScene } from '../faults/types.js'
import type { Lifetime } from '../lifetime.js'
import type { DevnetLog } from '../log.js'
import type { DevnetWorker, WorkerStep } from '../worker/index.js'
import type { ProxyAccount } from './account.js'
import type { NetworkVersion } from './answers.js'
import type { ClientConnection } from './connection.js'
import type { ProxyIdentity } from './identity.js'
import type { Market, MarketView } from './market.js'

/** How connections are authorised: see `DevnetOptions.authorization`. */
export type AuthorizationMode = 'short' | 'long' | 'fake-ton'

/** A fault as it applies to one request. */
export interface FaultPlan {
  /** Serves instead of the chosen worker. */
  readonly worker: DevnetWorker | undefined
  readonly apply:
    | ((steps: AsyncIterable<WorkerStep>, scene: Omit<FaultScene, 'argument'>) => ReturnType<AnswerFault>)
    | undefined
}

/** An account as the devnet's options describe it. */
export interface AccountTemplate {
  readonly secretHash: Uint8Array | undefined
  readonly balanceNano: bigint
  readonly stakeNano: bigint
}

/** What a proxy needs. */
export interface ProxySettings {
  readonly index: number
  readonly version: NetworkVersion
  readonly isTest: boolean
  /** Version of the root contract that it follows; it grows with every change of the root. */
  readonly configVersion: () => number
  readonly authorization: AuthorizationMode
  readonly identity: ProxyIdentity
  readonly prices: TokenPrices
  readonly market: Market
  readonly proxyCount: () => number
  readonly databaseFlushMs: number
  readonly stateCommitMs: number
  readonly lifetime: Lifetime
  readonly log: DevnetLog
  readonly now: () => number
  /** The account of an owner that connects for the first time. */
  readonly openAccount: (owner: TonAddress) => AccountTemplate
  /** The network's pair for a public key, as long as proxies know it. */
  readonly findKey: (publicKey: Uint8Array) => NetworkKeyPair | undefined
  /** A worker made for a fault's model name. */
  readonly faultWorker: (model: string) => DevnetWorker | undefined
  readonly planFault: (model: string, worker: DevnetWorker) => FaultPlan | undefined
  /** Called after tcp.connected; faults of connections act here. */
  readonly onConnected: (connection: ClientConnection) => void
}

/** The proxy as its handshakes and requests see it. */
export interface ProxyCore {
  readonly settings: ProxySettings
  readonly market: MarketView
  /** Whether it takes requests. */
  readonly enabled: boolean
  /** The account of an owner; opened on first sight. */
  account(owner: TonAddress): ProxyAccount
  /** A nonce that no pending connection has. */
  nextNonce(): bigint
  /** Whether the chain message for this nonce and owner has arrived. */
  isRegistered(nonce: bigint, account: ProxyAccount): boolean
}
