/**
 * Which proxy carries a call: pool, health, failover, selection. No contract code, no OpenAI, no TL.
 *
 * @module
 */
export type { ProxyCandidate, ProxyState, SelectProxies } from './candidates.js'
export {
  createConnector,
  DEFAULT_CONNECT_STALL_MS,
  type ConnectContext,
  type ConnectorSettings,
  type ConnectProxy,
  type ProxyConnection
} from './connect-proxy.js'
export { emitEvent, type NetworkEvent, type NetworkEventListener } from './events.js'
export { parseProxyAddress, type ProxyAddress } from './proxy-address.js'
export type { OpenConnection } from './proxy-link.js'
export { ProxyPool, type ProxyPoolOptions } from './proxy-pool.js'
