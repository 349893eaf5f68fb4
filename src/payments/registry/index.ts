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
  PUBLISHED_TEST_KEY,
  type RegistrySnapshot,
  REQUEST_KEY_TYPE,
  tokenPrices,
  type UsableKey,
  usableKeys
} from './snapshot.js'
