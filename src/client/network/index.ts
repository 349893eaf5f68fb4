/**
 * Which proxy carries a call: pool, health, failover, selection. No contract code, no OpenAI, no TL. What dials is in
 * `pool/index.ts`, which nothing that loads at once imports.
 *
 * @module
 */
export type { ProxyCandidate, ProxyState, SelectProxies } from './candidates.js'
export type { ConnectContext, ConnectorSettings, ConnectProxy, ProxyConnection } from './connect-proxy.js'
export { DEFAULT_CONNECT_STALL_MS } from './defaults.js'
export type { NetworkEvent, NetworkEventListener } from './events.js'
export { type Carrier, LazyCarrier } from './lazy-carrier.js'
export { LazyPool } from './lazy-pool.js'
export { parseProxyAddress, type ProxyAddress } from './proxy-address.js'
export type { OpenConnection } from './proxy-link.js'
export type { ProxyPoolOptions } from './proxy-pool.js'
