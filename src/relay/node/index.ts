/**
 * The relay on Node: one WebSocket per TCP connection, bytes copied both ways with back-pressure.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { DialTarget } from '../../runtime/ports/byte-stream.js'
import type { RelayEvent } from '../events.js'
import { formatTarget, RelayPolicy, type RelayPolicyOptions } from '../policy.js'
import { copyBothWays } from './copy.js'

/** Options of {@link startRelay}. */
export interface RelayOptions extends RelayPolicyOptions {
  /** Interface to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Default 0: any free port. */
  readonly port?: number | undefined
  /** A connection without a byte in either direction for this long is closed, milliseconds. Default 90,000. */
  readonly idleTimeoutMs?: number | undefined
  /** Longest wait for the TCP connection to the target, milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined
  /** Largest WebSocket message taken, bytes. Default 1 MiB. */
  readonly maxMessageBytes?: number | undefined
  /** The client's address, for limits. Default: the socket's; behind a reverse proxy read the header that the proxy sets. */
  readonly clientAddress?: ((request: IncomingMessage) => string) | undefined
  /** Watches openings, ends and refusals. Never sees content. */
  readonly onEvent?: ((event: RelayEvent) => void) | undefined
}

/** A running relay. */
export interface Relay {
  /** `ws://host:port`, to be used as the URL of a relay dialer. */
  readonly url: string
  readonly port: number
  /** Connections that are open now. */
  readonly connections: number
  /** Ends every connection and resolves when the port is free. */
  close(): Promise<void>
}

/**
 * Starts a relay: a page that cannot open sockets reaches the listed targets through it. The relay sees addresses, sizes
 * and times; TLS between page and proxy keeps it from reading or forging anything.
 *
 * @throws CocoonError `ERR_OPTIONS` without a list of targets or origins. Rejects with the system's error when the port is taken.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const relay = new RelayServer(options)
  await relay.listen()
  return relay
}

class RelayServer implements Relay {
  readonly #options: RelayOptions
  readonly #policy: RelayPolicy
  readonly #server: Server
  readonly #webSockets: WebSocketServer
  readonly #open = new Set<() => void>()

  constructor(options: RelayOptions) {
    this.#options = options
    this.#policy = new RelayPolicy(options)
    this.#server = createServer((_request, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end()
    })
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.maxMessageBytes ?? 1024 * 1024,
      perMessageDeflate: false,
      handleProtocols: (protocols) => (protocols.has('binary') ? 'binary' : false)
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
      socket.on('error', () => undefined)
      this.#upgrade(request, socket, head).catch(() => socket.destroy())
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    const { address, family } = this.#server.address() as AddressInfo
    return family === 'IPv6' ? `ws://[${address}]:${this.port}` : `ws://${address}:${this.port}`
  }

  get connections(): number {
    return this.#policy.connections
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#options.port ?? 0, this.#options.host ?? '127.0.0.1', () => {
        this.#server.removeListener('error', reject)
        resolve()
      })
    })
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const end of this.#open) end()
    this.#server.closeAllConnections()
    await closed
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> {
    const clientAddress = this.#options.clientAddress?.(request) ?? request.socket.remoteAddress ?? 'unknown'
    const decision = await this.#policy.decide({
      url: request.url ?? '/',
      origin: request.headers.origin,
      clientAddress
    })
    if (!decision.accepted) {
      const { status, reason } = decision
      this.#emit({ type: 'refused', clientAddress, status, reason })
      socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const leave = this.#policy.enter(clientAddress)
    const abandon = (): void => void socket.destroy()
    this.#open.add(abandon)
    try {
      const target = await this.#connect(decision.target)
      // The client may have left while the target was being reached.
      if (socket.destroyed) return void target.destroy()
      this.#webSockets.handleUpgrade(request, socket, head as Buffer, (webSocket) => {
        this.#relay(webSocket, target, clientAddress, formatTarget(decision.target), leave)
      })
    } catch {
      this.#emit({ type: 'refused', clientAddress, status: 502, reason: 'target unreachable' })
      socket.end('HTTP/1.1 502 target unreachable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      leave()
    } finally {
      this.#open.delete(abandon)
      if (socket.destroyed) leave()
    }
  }

  #connect({ host, port }: DialTarget): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true, timeout: this.#options.connectTimeoutMs ?? 10_000 })
      socket.once('timeout', () => socket.destroy(new Error('connect timeout')))
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.setTimeout(0)
        socket.removeListener('error', reject)
        socket.on('error', () => undefined)
        resolve(socket)
      })
    })
  }

  #relay(webSocket: WebSocket, target: Socket, clientAddress: string, name: string, leave: () => void): void {
    const openedMs = performance.now()
    this.#emit({ type: 'opened', clientAddress, target: name })
    const copy = copyBothWays(webSocket, target, {
      idleTimeoutMs: this.#options.idleTimeoutMs ?? 90_000,
      onEnd: ({ bytesToTarget, bytesToClient, reason }) => {
        leave()
        this.#open.delete(copy.end)
        const durationMs = performance.now() - openedMs
        this.#emit({ type: 'closed', clientAddress, target: name, bytesToTarget, bytesToClient, durationMs, reason })
      }
    })
    this.#open.add(copy.end)
  }

  #emit(event: RelayEvent): void {
    try {
      this.#options.onEvent?.(event)
    } catch {
      // A watcher's fault must not end connections.
    }
  }
}
