/**
 * One authorised connection to a proxy: handshake, authorisation, queries multiplexed by request id, keep-alive.
 *
 * @module
 */
export { openSession } from './open-session.js'
export type {
  LongAuthorizationOffer,
  ProxyParams,
  QueryContext,
  Session,
  SessionContracts,
  SessionEvent,
  SessionOptions
} from './types.js'
