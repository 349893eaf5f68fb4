/**
 * The Node leaf: raw TCP and `node:tls`. Built-ins are loaded at the first dial, so importing this costs nothing.
 *
 * @module
 */
import type { Runtime } from '../ports/runtime.js'
import { systemClock, webRandom } from '../shared/index.js'
import { nodeDialer } from './dialer.js'
import { nativeTlsEngine } from './native-tls.js'

export { nodeDialer } from './dialer.js'
export { nativeTlsEngine } from './native-tls.js'
export { type FetchHandler, type NodeListener, toNodeListener } from './node-listener.js'
export { NodeSocketStream } from './node-socket-stream.js'

/** Node ≥ 20.19. */
export const runtime: Runtime = {
  name: 'node',
  clock: systemClock,
  random: webRandom,
  yieldToEventLoop: () => new Promise<void>((resolve) => void setImmediate(resolve)),
  dialer: nodeDialer,
  nativeTls: nativeTlsEngine
}
