/**
 * The pool and its connector. An index of its own, since a client loads them at its first call and a bundler takes
 * everything that stands behind one index together.
 *
 * @module
 */
export { createConnector } from '../connect-proxy.js'
export { emitEvent } from '../events.js'
export { ProxyPool } from '../proxy-pool.js'
