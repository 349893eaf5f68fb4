/**
 * `cocoonkit/relay` in Workers.
 *
 * @module
 */
import {
  createRelayHandler as createWithDialer,
  type RelayHandlerOptions as HandlerOptions
} from './relay/worker/index.js'
import { runtime } from './runtime/workerd/index.js'

export {
  type RelayEvent,
  RelayPolicy,
  type RelayDecision,
  type RelayPolicyOptions,
  type RelayRequest,
  type TargetDecision
} from './relay/index.js'

/** Options of {@link createRelayHandler}: the Worker's own sockets are the default dialer. */
export type RelayHandlerOptions = Omit<HandlerOptions, 'dialer'> & Partial<Pick<HandlerOptions, 'dialer'>>

/**
 * A fetch handler that relays WebSocket upgrades to the listed targets.
 *
 * @throws CocoonError `ERR_OPTIONS` without a list of targets or origins.
 */
export function createRelayHandler(options: RelayHandlerOptions): (request: Request) => Promise<Response> {
  return createWithDialer({ ...options, dialer: options.dialer ?? runtime.dialer! })
}
