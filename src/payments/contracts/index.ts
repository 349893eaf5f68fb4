/**
 * The network's contracts: build, parse, derive. Pure; no network calls. Source: contracts.md, payments.md, v3.md §5.
 *
 * @module
 */
export { type AddressInput, type Bits256Input, bocHash, isSameAddress, MAX_BOC_BYTES } from './cells.js'
export {
  CLIENT_MESSAGES,
  type ClientMessage,
  type ClientMessageType,
  decodeClientMessage,
  encodeClientMessage,
  OP_CHARGE,
  OP_GRANT_REFUND
} from './client-messages.js'
export {
  type ClientContractState,
  type ContractPhase,
  parseClientState,
  parseProxyState,
  type ProxyContractState
} from './contract-state.js'
export {
  COCOON_WALLET_CODE_HASH,
  COCOON_WALLET_MIN_BALANCE_NANO,
  type CocoonWalletOptions,
  type CocoonWalletOutput,
  type CocoonWalletRequest,
  type CocoonWalletState,
  openCocoonWallet,
  parseCocoonWalletRequest,
  parseCocoonWalletState
} from './cocoon-wallet.js'
export {
  clientAddress,
  type ClientIdentity,
  type DerivationRoot,
  deriveClientContract,
  type DerivedContract,
  deriveProxyContract,
  proxyAddress,
  type ProxyIdentity,
  rawAddress
} from './derive.js'
export { type NetworkParams, MAX_KNOWN_STRUCT_VERSION, type TokenMultipliers } from './params.js'
export { signProxyClose, type SignProxyCloseOptions } from './proxy-close.js'
export {
  type ClientProxyRequest,
  type ClientRequestPayload,
  type ClientSnapshot,
  decodeClientProxyRequest,
  decodeProxyMessage,
  decodeWalletNote,
  encodeClientProxyRequest,
  encodeProxyMessage,
  encodeProxySaveState,
  encodeWalletNote,
  type ProxyMessage,
  type WalletNote
} from './proxy-messages.js'
export {
  type EncryptionKey,
  type KeyManager,
  parseRootState,
  type RegisteredProxy,
  type RootCells,
  type RootState,
  type VerifiedKeys
} from './root-state.js'
export {
  describeExitCode,
  EXIT_CODES,
  GRANT_LEAVES_NANO,
  KNOWN_CLIENT_CODES,
  MIN_CONTRACT_TON_NANO,
  MIN_DEPLOY_VALUE_NANO,
  MIN_MESSAGE_VALUE_NANO,
  NANO_PER_TON,
  NET_COST_NANO,
  STORAGE_COST_PER_YEAR_NANO,
  VALUE_MARGIN_NANO
} from './rules.js'
export {
  isSignatureValid,
  parseSignedCharge,
  repackSignedCharge,
  signCharge,
  type SignChargeOptions,
  type SignedCharge,
  type SignedChargeExpectation,
  verifySignedCharge
} from './signed-charge.js'
export { readHeader as readMessageHeader } from './layout.js'
export { openStandardWallet, type StandardWalletOptions } from './standard-wallet.js'
export type { SignHash, Wallet, WalletMessage, WalletTransfer } from './wallet-transfer.js'
