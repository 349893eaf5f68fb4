/**
 * relay: WebSocket↔TCP for pages. Opaque bytes, an allow-list, limits; never a look inside.
 *
 * @module
 */
export type { RelayEvent } from './events.js'
export {
  RelayPolicy,
  type RelayDecision,
  type RelayPolicyOptions,
  type RelayRequest,
  type TargetDecision
} from './policy.js'
