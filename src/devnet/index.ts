/**
 * devnet: a whole network on one machine.
 *
 * @module
 */
export {
  type DevnetChainDescription,
  type DevnetClientOptions,
  type DevnetDescription,
  type DevnetMoney,
  devnetMoney,
  type DevnetPricesDescription,
  type DevnetSource,
  devnetTrust,
  type DevnetWalletDescription,
  fromDevnet
} from '../attestation/index.js'
export {
  DEVNET_CHAIN_CHEATS,
  type ChainCheat,
  type DevnetChain,
  type DevnetChainOptions,
  type DevnetChainProxy,
  type DevnetContractCodes,
  type DevnetWallet,
  type RootCellInput,
  type RootEncryptionKey
} from './chain/index.js'
export { startDevnet } from './devnet.js'
export { DEVNET_FAULTS, FAULT_MODEL_PREFIX } from './faults/index.js'
export type { PublishedKey } from './keys/index.js'
export type { DevnetConnection, DevnetRequest, DevnetStats } from './log.js'
export {
  DEFAULT_DEVNET_SECRET,
  DEFAULT_DEVNET_WORKERS,
  type DevnetAccountOptions,
  type DevnetOptions,
  type DevnetWorkerOptions
} from './options.js'
export type { NetworkVersion } from './proxy/answers.js'
export type { AuthorizationMode } from './proxy/settings.js'
export {
  createServerCertificate,
  fakeTdxEvidence,
  fakeTdxEvidence2025,
  type EvidenceMaker,
  type ServerCertificate,
  type ServerCertificateSettings
} from './server/certificate.js'
export { DEVNET_TEE_FAULTS, type DevnetTeeOptions, type TeeFaultDescription, type TeeKind } from './tee-vendor/index.js'
export { GENERATOR_INTRODUCTION, type Upstream, type UpstreamRequest, type UpstreamResponse } from './upstream/index.js'
export type { WorkerBehaviour } from './worker/index.js'
export type { Devnet, DevnetNetwork } from './types.js'
