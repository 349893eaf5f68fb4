/**
 * The Deno leaf: `Deno.connect`. Deno's own TLS refuses the network's critical extensions, so only the pure engine is offered.
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
  WebStreamByteStream,
  yieldToEventLoop
} from '../shared/index.js'

/** The part of Deno's API that is used; its types are not a dependency. */
declare const Deno: {
  connect(options: {
    hostname: string
    port: number
    transport: 'tcp'
  }): Promise<SocketPair & { setNoDelay(on?: boolean): void }>
}

const denoDialer: Dialer = {
  async dial({ host, port }, { signal } = {}) {
    throwIfAborted(signal, 'dial')
    const connecting = Deno.connect({ hostname: host, port, transport: 'tcp' }).catch((cause: unknown) => {
      throw new CocoonError('ERR_DIAL', `could not connect to ${host}:${port}`, {
        phase: 'dial',
        retryable: true,
        cause
      })
    })
    const connection = await raceAbort(connecting, signal, 'dial', (late) => void late.close())
    connection.setNoDelay(true)
    return new WebStreamByteStream(connection)
  }
}

/** Deno ≥ 2. */
export const runtime: Runtime = {
  name: 'deno',
  clock: systemClock,
  random: webRandom,
  yieldToEventLoop,
  dialer: denoDialer,
  nativeTls: undefined
}
