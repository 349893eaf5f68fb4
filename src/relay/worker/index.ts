/**
 * The relay as a Worker: `export default { fetch: createRelayHandler({ … }) }`.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream, Dialer } from '../../runtime/ports/byte-stream.js'
import type { RelayEvent } from '../events.js'
import { formatTarget, RelayPolicy, type RelayPolicyOptions } from '../policy.js'

/** The server half of a Worker's WebSocket; the platform's types are not a dependency. */
interface ServerWebSocket {
  accept(): void
  send(data: Uint8Array): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close' | 'error', listener: () => void): void
}

declare const WebSocketPair: new () => { readonly 0: unknown; readonly 1: ServerWebSocket }

/** Options of {@link createRelayHandler}. */
export interface RelayHandlerOptions extends RelayPolicyOptions {
  /** Opens the TCP connections; the Worker's own sockets by default of the entry. */
  readonly dialer: Dialer
  /** Default: the platform's header `cf-connecting-ip`. */
  readonly clientAddress?: ((request: Request) => string) | undefined
  readonly onEvent?: ((event: RelayEvent) => void) | undefined
}

/** Bytes that may wait for a slow target before the client is cut off: a Worker's WebSocket cannot be paused. */
const PENDING_LIMIT_BYTES = 8 * 1024 * 1024

/**
 * A fetch handler that relays WebSocket upgrades to the listed targets.
 *
 * @throws CocoonError `ERR_OPTIONS` without a list of targets or origins.
 */
export function createRelayHandler(options: RelayHandlerOptions): (request: Request) => Promise<Response> {
  const policy = new RelayPolicy(options)
  const emit = (event: RelayEvent): void => {
    try {
      options.onEvent?.(event)
    } catch {
      // A watcher's fault must not end connections.
    }
  }
  return async (request) => {
    if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return new Response(null, { status: 426 })
    const clientAddress = options.clientAddress?.(request) ?? request.headers.get('cf-connecting-ip') ?? 'unknown'
    const origin = request.headers.get('origin') ?? undefined
    const decision = await policy.decide({ url: request.url, origin, clientAddress })
    if (!decision.accepted) {
      emit({ type: 'refused', clientAddress, status: decision.status, reason: decision.reason })
      return new Response(decision.reason, { status: decision.status })
    }
    const leave = policy.enter(clientAddress)
    const target = await options.dialer.dial(decision.target).catch(() => undefined)
    if (target === undefined) {
      leave()
      emit({ type: 'refused', clientAddress, status: 502, reason: 'target unreachable' })
      return new Response('target unreachable', { status: 502 })
    }
    const name = formatTarget(decision.target)
    emit({ type: 'opened', clientAddress, target: name })
    const startedMs = Date.now()
    const pair = new WebSocketPair()
    pair[1].accept()
    void copy(pair[1], target).then(({ bytesToTarget, bytesToClient, reason }) => {
      leave()
      emit({
        type: 'closed',
        clientAddress,
        target: name,
        bytesToTarget,
        bytesToClient,
        durationMs: Date.now() - startedMs,
        reason
      })
    })
    const protocol = request.headers
      .get('sec-websocket-protocol')
      ?.split(',')
      .map((text) => text.trim())
    const headers = protocol?.includes('binary') === true ? { 'sec-websocket-protocol': 'binary' } : {}
    return new Response(null, { status: 101, headers, webSocket: pair[0] } as ResponseInit)
  }
}

/** Copies until either side ends; never rejects. */
async function copy(
  client: ServerWebSocket,
  target: ByteStream
): Promise<{ bytesToTarget: number; bytesToClient: number; reason: string }> {
  let bytesToTarget = 0
  let bytesToClient = 0
  let pendingBytes = 0
  let reason = 'target closed'
  const stop = (why: string): void => {
    reason = why
    void target.close(why)
  }
  client.addEventListener('message', ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return stop('text message')
    const bytes = new Uint8Array(data)
    bytesToTarget += bytes.length
    pendingBytes += bytes.length
    if (pendingBytes > PENDING_LIMIT_BYTES) return stop('target too slow')
    target.write(bytes).then(
      () => (pendingBytes -= bytes.length),
      () => stop('target failed')
    )
  })
  client.addEventListener('close', () => stop('client closed'))
  client.addEventListener('error', () => stop('client failed'))
  try {
    for (let bytes = await target.read(); bytes !== null; bytes = await target.read()) {
      bytesToClient += bytes.length
      client.send(bytes)
    }
  } catch (error) {
    if (!CocoonError.is(error, 'ERR_CLOSED')) reason = 'target failed'
  }
  await target.close()
  client.close(1000)
  return { bytesToTarget, bytesToClient, reason }
}
