/**
 * One authorised connection to a proxy: handshake, authorisation, queries multiplexed by request id, keep-alive.
 *
 * @module
 */
export type {
  LongAuthorizationOffer,
  ProxyParams,
  QueryContext,
  Session,
  SessionContracts,
  SessionEvent,
  SessionLimits,
  SessionOptions
} from './types.js'
