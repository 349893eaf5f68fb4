/**
 * Dials through a WebSocket↔TCP relay: the way out of a page. The relay carries opaque bytes; TLS ends here.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream, Dialer, DialTarget } from '../ports/byte-stream.js'
import type { Clock } from '../ports/clock.js'
import { abortError, throwIfAborted } from './abort.js'
import { systemClock } from './system-clock.js'
import { WebSocketByteStream } from './websocket-byte-stream.js'

/** Options of {@link relayDialer}. */
export interface RelayDialerOptions {
  /** `ws://` or `wss://` address of the relay. */
  readonly url: string
  /**
   * How the relay is told where to connect to. Default: the query parameter `target=host:port` (what `cocoonkit relay`
   * takes). A relay with one fixed target, such as websockify, ignores it.
   */
  readonly targetUrl?: ((relay: URL, target: DialTarget) => URL) | undefined
  /** WebSocket subprotocol to offer. Default `binary`, which websockify expects; `null` offers none. */
  readonly protocol?: string | null | undefined
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined
}

/**
 * A dialer that reaches every target through one relay. Needs the runtime's `WebSocket`.
 *
 * The relay learns address, port, sizes and timing; it can delay, cut or corrupt, which TLS turns into an error, and it
 * cannot read or forge.
 *
 * @throws CocoonError `ERR_OPTIONS` for a URL that is not `ws:` or `wss:`.
 */
export function relayDialer(options: RelayDialerOptions): Dialer {
  const relay = parseRelayUrl(options.url)
  const targetUrl = options.targetUrl ?? addTargetParameter
  const protocol = options.protocol === undefined ? 'binary' : options.protocol
  const clock = options.clock ?? systemClock
  return {
    async dial(target, { signal } = {}) {
      throwIfAborted(signal, 'dial')
      if (typeof WebSocket !== 'function') {
        throw new CocoonError('ERR_UNSUPPORTED_RUNTIME', 'this runtime has no WebSocket', { phase: 'dial' })
      }
      const socket = new WebSocket(targetUrl(new URL(relay), target).href, protocol === null ? [] : [protocol])
      socket.binaryType = 'arraybuffer'
      return opened(socket, clock, signal)
    }
  }
}

function parseRelayUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) {
    throw new CocoonError('ERR_OPTIONS', 'a relay URL begins with ws:// or wss://', { phase: 'options', field: 'url' })
  }
  return url
}

function addTargetParameter(relay: URL, { host, port }: DialTarget): URL {
  relay.searchParams.set('target', host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
  return relay
}

/** Resolves when the WebSocket is open. */
function opened(socket: WebSocket, clock: Clock, signal: AbortSignal | undefined): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.removeEventListener('open', onOpen)
      socket.removeEventListener('error', onError)
      socket.removeEventListener('close', onError)
      signal?.removeEventListener('abort', onAbort)
    }
    const onOpen = (): void => {
      settle()
      resolve(new WebSocketByteStream(socket, clock))
    }
    const onError = (): void => {
      settle()
      socket.close()
      reject(
        new CocoonError('ERR_DIAL', 'the relay could not be reached or refused the target', {
          phase: 'dial',
          retryable: true
        })
      )
    }
    const onAbort = (): void => {
      settle()
      socket.close()
      reject(abortError(signal!, 'dial'))
    }
    socket.addEventListener('open', onOpen)
    socket.addEventListener('error', onError)
    socket.addEventListener('close', onError)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
