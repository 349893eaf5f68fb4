/**
 * One framed connection with a client: connect, queries, packets, keep-alive. What arrives is handed to a handler; what
 * breaks the framing closes silently, as the reference does.
 *
 * Source: wire.md §4, §5; v3.md §1.2 (oversized frames).
 *
 * @module
 */
import type { TLSSocket } from 'node:tls'
import { decodeTl, encodeTl, type TlObject } from '../../encoding/tl/index.js'
import { FrameDecoder, FrameEncoder, MAX_FRAME_PAYLOAD_BYTES } from '../../wire/frames/index.js'
import type { Lifetime, Release } from '../lifetime.js'
import type { DevnetLog, MutableConnection } from '../log.js'
import type { NetworkVersion } from './answers.js'

/** What happens with the contents of a connection. */
export interface ConnectionHandler {
  /** After tcp.connected was sent. */
  onConnected?(connection: ClientConnection): void
  onQuery(connection: ClientConnection, id: bigint, data: Uint8Array): void
  onPacket(connection: ClientConnection, data: Uint8Array): void
  onClose(connection: ClientConnection): void
}

/** What a connection needs. */
export interface ConnectionSettings {
  readonly socket: TLSSocket
  readonly entry: MutableConnection
  readonly log: DevnetLog
  readonly lifetime: Lifetime
  readonly version: NetworkVersion
  readonly idleTimeoutMs: number
  readonly handler: ConnectionHandler
  /** Leaves pings unanswered; a fault. */
  readonly ignorePings: boolean
}

const EMPTY = new Uint8Array(0)

/** A raw frame with any header; for faults. */
export function rawFrame(length: number, seqno: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(8 + payload.length)
  const view = new DataView(frame.buffer)
  view.setUint32(0, length >>> 0, true)
  view.setInt32(4, seqno, true)
  frame.set(payload, 8)
  return frame
}

/** The proxy's end of one connection. */
export class ClientConnection {
  readonly settings: ConnectionSettings
  readonly #decoder = new FrameDecoder()
  readonly #encoder = new FrameEncoder()
  #connected = false
  #closed = false
  #muted = false
  #corked = false
  #releaseIdle: Release = () => undefined
  /** Bytes still to be sent before the connection is cut; a fault. */
  #byteBudget = Number.POSITIVE_INFINITY
  /** Single-byte writes with this pause; a fault. */
  #trickleMs: number | undefined
  #trickle: Promise<void> = Promise.resolve()
  #waiters: Array<() => void> = []
  /** Takes the next query instead of the handler; a fault. */
  #nextQuery: ((id: bigint) => void) | undefined
  /** Frames sent, which is the next sequence number. */
  framesSent = 0

  constructor(settings: ConnectionSettings) {
    this.settings = settings
    const { socket } = settings
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('end', () => this.close('peer'))
    socket.on('close', () => this.#ended('peer'))
    socket.on('drain', () => this.#wake())
    this.#armIdle()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Sends one tcp.* object. Dropped after the end. */
  send(object: TlObject, note?: string): void {
    const { entry, log, version } = this.settings
    if (this.#closed || this.#muted) return
    const payload = encodeTl(object)
    if (payload.length > MAX_FRAME_PAYLOAD_BYTES) {
      // December drops it without a trace, April closes.
      if (version === 'apr-2026') this.close('invalid packet length')
      return
    }
    log.note(entry, `s2c ${note ?? object.type}`)
    this.framesSent++
    entry.framesSent++
    this.writeBytes(this.#encoder.encode(payload))
  }

  /** Sends one object inside tcp.packet. */
  sendPacket(object: TlObject): void {
    this.send({ type: 'tcp.packet', data: encodeTl(object) }, object.type)
  }

  /** Sends any bytes inside tcp.packet. */
  sendPacketBytes(data: Uint8Array): void {
    this.send({ type: 'tcp.packet', data }, 'bytes')
  }

  /** Writes bytes into the TLS stream as they are. */
  writeBytes(bytes: Uint8Array): void {
    if (this.#closed || this.#muted) return
    if (bytes.length > this.#byteBudget) {
      this.settings.socket.write(bytes.subarray(0, this.#byteBudget))
      return this.close('fault')
    }
    this.#byteBudget -= bytes.length
    if (this.#trickleMs !== undefined) {
      const pauseMs = this.#trickleMs
      this.#trickle = this.#trickle.then(() => this.#writeSlowly(bytes, pauseMs))
      return
    }
    const { socket } = this.settings
    if (!this.#corked) {
      this.#corked = true
      socket.cork()
      setImmediate(() => {
        this.#corked = false
        socket.uncork()
      })
    }
    socket.write(bytes)
  }

  async #writeSlowly(bytes: Uint8Array, pauseMs: number): Promise<void> {
    for (const byte of bytes) {
      if (this.#closed) return
      this.settings.socket.write(Uint8Array.of(byte))
      await new Promise<void>((resolve) => {
        // A closed lifetime never calls back; the connection is closed then as well.
        this.settings.lifetime.setTimer(resolve, pauseMs)
        this.#waiters.push(resolve)
      })
    }
  }

  /** Resolves when the socket takes more, or the connection is gone. */
  async drained(): Promise<void> {
    if (this.#trickleMs !== undefined) return this.#trickle
    while (!this.#closed && this.settings.socket.writableNeedDrain && !this.#muted) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  /** Cuts the connection after this many further bytes. */
  cutAfterBytes(count: number): void {
    this.#byteBudget = count
  }

  /** From now on bytes leave one by one. */
  startTrickle(pauseMs: number): void {
    this.#trickleMs = pauseMs
  }

  /** The next query goes here instead of to the handler. */
  answerNextQuery(instead: (id: bigint) => void): void {
    this.#nextQuery = instead
  }

  /** Nothing leaves any more, the connection stays open. */
  mute(): void {
    this.#muted = true
    this.#wake()
  }

  /** Ends the connection after what was sent has left. There is no close_notify, as in the reference. */
  close(reason: string): void {
    if (this.#closed) return
    const { socket } = this.settings
    this.#ended(reason)
    if (this.#corked) {
      this.#corked = false
      socket.uncork()
    }
    // An empty write completes after everything before it.
    socket.write(EMPTY, () => setImmediate(() => socket.destroy()))
    this.settings.lifetime.setTimer(() => socket.destroy(), 1000)
  }

  #ended(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#releaseIdle()
    const { entry, log, handler } = this.settings
    log.closeConnection(entry, reason)
    this.#wake()
    handler.onClose(this)
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  #armIdle(): void {
    const { lifetime, idleTimeoutMs } = this.settings
    this.#releaseIdle()
    this.#releaseIdle = lifetime.setTimer(() => this.close('idle'), idleTimeoutMs)
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return
    this.settings.entry.bytesReceived += chunk.length
    try {
      this.#decoder.push(chunk)
      for (;;) {
        const payload = this.#decoder.next()
        if (payload === undefined || this.#closed) return
        this.settings.entry.framesReceived++
        this.#armIdle()
        this.#frame(decodeTl(payload))
      }
    } catch {
      this.close('protocol violation')
    }
  }

  #frame(object: TlObject): void {
    const { entry, log, handler } = this.settings
    if (!this.#connected) {
      if (object.type !== 'tcp.connect') return this.close('first frame is not tcp.connect')
      this.#connected = true
      log.note(entry, 'c2s tcp.connect')
      this.send({ type: 'tcp.connected', id: object.id })
      return handler.onConnected?.(this)
    }
    switch (object.type) {
      case 'tcp.ping':
        entry.pingsReceived++
        log.note(entry, 'c2s tcp.ping')
        if (!this.settings.ignorePings) this.send({ type: 'tcp.pong', id: object.id })
        return
      case 'tcp.pong':
        entry.pongsReceived++
        return
      case 'tcp.query': {
        const instead = this.#nextQuery
        this.#nextQuery = undefined
        if (instead !== undefined) return instead(object.id)
        return handler.onQuery(this, object.id, object.data)
      }
      case 'tcp.packet':
        return handler.onPacket(this, object.data)
      case 'tcp.connect':
      case 'tcp.connected':
      case 'tcp.queryAnswer':
      case 'tcp.queryError':
        return
      default:
        // Known to the schema, but not a tcp.Packet.
        return this.close('protocol violation')
    }
  }

  /** Answers a query. */
  answer(id: bigint, object: TlObject): void {
    this.send({ type: 'tcp.queryAnswer', id, data: encodeTl(object) }, object.type)
  }

  /** Answers a query with an error. */
  fail(id: bigint, code: number, message: string): void {
    this.send({ type: 'tcp.queryError', id, code, message }, `tcp.queryError ${code}`)
  }
}
