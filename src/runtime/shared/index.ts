/**
 * What the leaves have in common, and cancellation for everybody.
 *
 * @module
 */
export { abortError, raceAbort, throwIfAborted } from './abort.js'
export { callWatcher } from './call-watcher.js'
export { closedStreamError } from './closed-stream-error.js'
export { closeQuietly } from './close-quietly.js'
export { systemClock } from './system-clock.js'
export { webRandom } from './web-random.js'
export { yieldToEventLoop } from './yield-to-event-loop.js'
export { relayDialer, type RelayDialerOptions } from './relay-dialer.js'
export { WebSocketByteStream } from './websocket-byte-stream.js'
export { WebStreamByteStream, type SocketPair } from './web-stream-byte-stream.js'
