/**
 * The devnet's chain. `@ton/sandbox`, an optional peer, is loaded when a chain is started and not before.
 *
 * @module
 */
export type { DevnetContractCodes } from './contract-code.js'
export { RunningChain, type OpenedAccount } from './devnet-chain.js'
export type { RootCellInput, RootEncryptionKey } from './root-cell.js'
export {
  DEVNET_CHAIN_CHEATS,
  type ChainCheat,
  type DevnetChain,
  type DevnetChainOptions,
  type DevnetChainProxy,
  type DevnetWallet
} from './types.js'
