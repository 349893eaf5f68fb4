/**
 * Entry `cocoonkit/ton`: the network's contracts on TON, sources of the chain, the registry, and the payment channel.
 *
 * @module
 */
export * from './payments/contracts/index.js'
export * from './payments/chain/index.js'
export * from './payments/registry/index.js'
export * from './payments/channel/index.js'
