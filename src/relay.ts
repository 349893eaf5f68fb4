/**
 * `cocoonkit/relay` on Node: the server that lets pages reach proxies. In Workers the same subpath resolves to
 * `createRelayHandler`.
 *
 * @module
 */
export {
  type RelayEvent,
  RelayPolicy,
  type RelayDecision,
  type RelayPolicyOptions,
  type RelayRequest,
  type TargetDecision
} from './relay/index.js'
export { type Relay, type RelayOptions, startRelay } from './relay/node/index.js'
