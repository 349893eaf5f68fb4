/**
 * What the first connection of a client loads: the pool, its connector, and the parts of the wire that these work with. An
 * index of its own, since a bundler takes everything that stands behind one index together: who needs one of the parts
 * alone (a probe, an engine) finds it here and not in a file of its own. From the bottom up, which is also the order that
 * compresses best.
 *
 * @module
 */
export { createPureTlsEngine } from '../../../wire/tls/index.js'
export { openSession } from '../../../wire/session/index.js'
export { connectRatls } from '../../../wire/ratls/index.js'
export { createConnector } from '../connect-proxy.js'
export { emitEvent } from '../events.js'
export { ProxyPool } from '../proxy-pool.js'
