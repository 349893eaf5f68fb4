/**
 * What the parts of a gateway share, and one request on its way through them.
 *
 * @module
 */
import type { Admission } from './admission.js'
import type { GatewayEvent } from './events.js'
import type { Caller, ResolvedOptions, WaitUntil } from './options.js'

/** What all parts of a gateway share. */
export interface GatewayState extends ResolvedOptions {
  readonly admission: Admission
  /** Fires at `Gateway.close`. */
  readonly closed: AbortSignal
  /** Called at `Gateway.close`; a set, since a signal is not made for thousands of listeners. */
  readonly onClose: Set<() => void>
  readonly emit: (event: GatewayEvent) => void
}

/** One request on its way. */
export interface Call {
  readonly request: Request
  readonly caller: Caller
  /** Path behind `basePath`. */
  readonly path: string
  readonly requestId: string
  readonly startedMs: number
  /** Keeps the runtime from ending this request's work with its answer. */
  readonly waitUntil: WaitUntil | undefined
}
