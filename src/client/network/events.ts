/**
 * What the network layer tells about itself. Events hold phases, times, sizes, codes and proxy addresses; never bodies,
 * prompts, secrets, account addresses or a peer's words.
 *
 * @module
 */
import type { ErrorCode, ErrorPhase } from '../../errors.js'
import { callWatcher } from '../../runtime/shared/index.js'
import type { RatlsEvent } from '../../wire/ratls/index.js'
import type { SessionEvent } from '../../wire/session/index.js'

/** Life of a connection as the pool sees it. */
export type PoolEvent =
  | {
      /** A dial begins. */
      readonly type: 'dial'
    }
  | {
      /** The connection may be used. */
      readonly type: 'connected'
      /** From the dial to the end of the authorisation, milliseconds. */
      readonly ms: number
      readonly protocolVersion: number
      readonly attestationId: string
      readonly verified: boolean
    }
  | {
      readonly type: 'connect-failed'
      readonly ms: number
      readonly phase: ErrorPhase
      readonly code: ErrorCode
      /** The proxy is left alone for this long, milliseconds. */
      readonly retryInMs: number
    }
  | {
      /** An open connection has ended. */
      readonly type: 'disconnected'
      readonly code: ErrorCode
      /** How long it was open, milliseconds. */
      readonly ms: number
    }
  | {
      /** The root contract changed: this proxy's connections get no new requests and end after their last one. */
      readonly type: 'draining'
      readonly reason: 'params-changed' | 'registry-changed'
      readonly paramsVersionBefore: number
      readonly paramsVersion: number
      readonly activeRequests: number
      /** What it means for coins, for people. */
      readonly warning: string
    }

/** One structured event of the network layer. */
export type NetworkEvent = (PoolEvent | RatlsEvent | SessionEvent) & {
  /** The proxy, `host:port`. */
  readonly address: string
  /** Number of this dial since the proxy last had a stable connection, from 1. */
  readonly attempt: number
}

/** Receives events; what it throws is ignored. */
export type NetworkEventListener = (event: NetworkEvent) => void

/** Calls a listener that may be absent and may throw. */
export function emitEvent(listener: NetworkEventListener | undefined, event: NetworkEvent): void {
  callWatcher(() => listener?.(event))
}
