/**
 * `cocoonkit/node`: what Node adds to the root entry.
 *
 * @module
 */
export { nativeTlsEngine, nodeDialer } from './runtime/node/index.js'
export { type FetchHandler, type NodeListener, toNodeListener } from './runtime/node/index.js'
