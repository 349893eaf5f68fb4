/**
 * The Bun leaf: Node's sockets as Bun implements them.
 *
 * `node:tls` is not offered: Bun's certificate accessors may return a certificate that is embedded in the quote, so only
 * the pure engine sees the true bytes.
 *
 * @module
 */
import { nodeDialer } from '../node/dialer.js'
import type { Runtime } from '../ports/runtime.js'
import { systemClock, webRandom } from '../shared/index.js'

/** Bun ≥ 1.2. */
export const runtime: Runtime = {
  name: 'bun',
  clock: systemClock,
  random: webRandom,
  yieldToEventLoop: () => new Promise<void>((resolve) => void setImmediate(resolve)),
  dialer: nodeDialer,
  nativeTls: undefined
}
