/**
 * `cocoonkit/node`: what Node adds to the root entry.
 *
 * @module
 */
export { nativeTlsEngine, nodeDialer } from './runtime/node/index.js'
