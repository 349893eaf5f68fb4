/**
 * Port: everything the library takes from the platform. One leaf per runtime fills it; the entries choose the leaf
 * through the `#runtime` import conditions and callers can replace any part.
 *
 * @module
 */
import type { Dialer } from './byte-stream.js'
import type { Clock, Random, YieldToEventLoop } from './clock.js'
import type { TlsEngine } from './tls-engine.js'

/** A platform. */
export interface Runtime {
  readonly name: 'node' | 'bun' | 'deno' | 'workerd' | 'browser' | 'unknown'
  readonly clock: Clock
  readonly random: Random
  readonly yieldToEventLoop: YieldToEventLoop
  /** Raw TCP, or `undefined` where none exists (a browser needs a relay). */
  readonly dialer: Dialer | undefined
  /** The platform's own TLS, where it can speak the network's profile. */
  readonly nativeTls: TlsEngine | undefined
}
