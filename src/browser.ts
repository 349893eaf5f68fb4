/**
 * `cocoonkit/browser`: what a page adds to the root entry.
 *
 * @module
 */
export { solvePowInWorker } from './wire/pow/index.js'
export { relayDialer, type RelayDialerOptions } from './runtime/shared/index.js'
