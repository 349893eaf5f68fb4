/**
 * `cocoonkit/node`: what Node adds to the root entry.
 *
 * @module
 */
export {
  type FetchHandler,
  nativeTlsEngine,
  nodeDialer,
  type NodeListener,
  toNodeListener
} from './runtime/node/index.js'
export { type FileLedgerStoreOptions, openFileLedgerStore } from './runtime/node/ledger-file-store.js'
