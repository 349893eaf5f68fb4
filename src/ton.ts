/**
 * Entry `cocoonkit/ton`: the network's contracts on TON.
 *
 * @module
 */
export * from './payments/contracts/index.js'
