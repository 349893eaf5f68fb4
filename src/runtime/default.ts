/**
 * The leaf of a runtime that the import conditions do not know: time and randomness from the web's own APIs, no sockets,
 * no TLS of the platform. Also the type of `#runtime`.
 *
 * @module
 */
import type { Runtime } from './ports/runtime.js'
import { systemClock, webRandom, yieldToEventLoop } from './shared/index.js'

/** A platform without sockets: a dialer (a relay, for example) has to be given by the caller. */
export const runtime: Runtime = {
  name: 'unknown',
  clock: systemClock,
  random: webRandom,
  yieldToEventLoop,
  dialer: undefined,
  nativeTls: undefined
}
