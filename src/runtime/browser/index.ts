/**
 * The browser leaf: a page has no raw sockets, so a relay dialer has to be given (`relayDialer` of `cocoonkit/browser`).
 *
 * @module
 */
import type { Runtime } from '../ports/runtime.js'
import { systemClock, webRandom, yieldToEventLoop } from '../shared/index.js'

/** Pages and web workers. */
export const runtime: Runtime = {
  name: 'browser',
  clock: systemClock,
  random: webRandom,
  yieldToEventLoop,
  dialer: undefined,
  nativeTls: undefined
}
