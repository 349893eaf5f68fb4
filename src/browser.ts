/**
 * `cocoonkit/browser`: what a page adds to the root entry.
 *
 * @module
 */
export { relayDialer, type RelayDialerOptions } from './runtime/shared/index.js'
