/**
 * A turn of the event loop where there is nothing better (Node has `setImmediate`).
 *
 * @module
 */
import type { YieldToEventLoop } from '../ports/clock.js'

/**
 * One macrotask through a message channel: browsers hold nested `setTimeout(0)` back by 4 ms, messages are not.
 * Falls back to `setTimeout` where there are no channels.
 */
export const yieldToEventLoop: YieldToEventLoop = () =>
  new Promise<void>((resolve) => {
    if (typeof MessageChannel === 'undefined') {
      setTimeout(resolve, 0)
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.addEventListener('message', () => {
      port1.close()
      resolve()
    })
    port1.start()
    port2.postMessage(undefined)
  })
