/**
 * `cocoonkit/browser`: what a page adds to the root entry.
 *
 * @module
 */
export { createPowModule, solvePowInWorker, solvePowWith } from './wire/pow/index.js'
export { relayDialer, type RelayDialerOptions } from './runtime/shared/index.js'
export { type IndexedDbLedgerStoreOptions, openIndexedDbLedgerStore } from './runtime/browser/ledger-indexeddb-store.js'
