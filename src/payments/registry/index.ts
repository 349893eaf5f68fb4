/**
 * What the network's root contract says, cached with its age, and how it is known.
 *
 * @module
 */
export { type CocoonNetwork, mainnet, offlineNetwork, testnet } from './network.js'
export { openRegistry, type Registry, type RegistryChange, type RegistryOptions } from './registry.js'
export {
  allowedProxyImages,
  deriveClient,
  deriveProxy,
  type KeyQuery,
  matchesContracts,
  type NamedContracts,
  proxyEndpoints,
  type RegistrySnapshot,
  REQUEST_KEY_TYPE,
  tokenPrices,
  type UsableKey,
  usableKeys
} from './snapshot.js'
// The key belongs to the scheme; whoever reads keys from a registry looks for it here.
export { PUBLISHED_TEST_KEY } from '../../envelope/index.js'
