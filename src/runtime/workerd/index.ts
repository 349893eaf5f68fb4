/**
 * The Workers leaf: `cloudflare:sockets`.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Dialer } from '../ports/byte-stream.js'
import type { Runtime } from '../ports/runtime.js'
import {
  raceAbort,
  type SocketPair,
  systemClock,
  throwIfAborted,
  webRandom,
  WebStreamByteStream
} from '../shared/index.js'

/** The part of `cloudflare:sockets` that is used; its types are not a dependency. */
interface SocketsModule {
  connect(address: { hostname: string; port: number }): SocketPair & { readonly opened: Promise<unknown> }
}

/** Kept in a variable so that type checkers and bundlers of other runtimes do not look for it. */
const socketsModule = 'cloudflare:sockets'

const workerdDialer: Dialer = {
  async dial({ host, port }, { signal } = {}) {
    throwIfAborted(signal, 'dial')
    const { connect } = (await import(/* @vite-ignore */ socketsModule)) as SocketsModule
    const socket = connect({ hostname: host, port })
    const opening = socket.opened.catch((cause: unknown) => {
      throw new CocoonError('ERR_DIAL', `could not connect to ${host}:${port}`, {
        phase: 'dial',
        retryable: true,
        cause
      })
    })
    try {
      await raceAbort(opening, signal, 'dial')
    } catch (error) {
      await Promise.resolve(socket.close()).catch(() => undefined)
      throw error
    }
    return new WebStreamByteStream(socket)
  }
}

/**
 * A message channel is no turn of the event loop here: its messages arrive while timers and sockets wait, and the clock may
 * stand still until one of those is served.
 */
function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 0))
}

/** Cloudflare Workers and other hosts of workerd. */
export const runtime: Runtime = {
  name: 'workerd',
  clock: systemClock,
  random: webRandom,
  yieldToEventLoop,
  dialer: workerdDialer,
  nativeTls: undefined
}
