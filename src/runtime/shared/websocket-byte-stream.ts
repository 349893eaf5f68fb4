/**
 * An open WebSocket with binary messages as a {@link ByteStream}: message borders mean nothing, the bytes count.
 *
 * A WebSocket cannot be told to pause, so what arrives unread is buffered up to a limit and the stream fails beyond it.
 * Above this layer sits TLS whose reader never stops reading, so the limit is met by hostile relays only.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../ports/byte-stream.js'
import type { Clock } from '../ports/clock.js'
import { closedStreamError } from './closed-stream-error.js'

/** Most bytes kept for a reader that is late. */
const RECEIVE_LIMIT_BYTES = 32 * 1024 * 1024
/** A write waits while more than this is queued in the WebSocket. */
const SEND_HIGH_WATER_BYTES = 1024 * 1024
/** WebSockets have no drain event; this is how often a waiting write looks again. */
const DRAIN_POLL_MS = 5

/** Byte stream over an open WebSocket, which it owns. */
export class WebSocketByteStream implements ByteStream {
  readonly #socket: WebSocket
  readonly #clock: Clock
  #chunks: Uint8Array[] = []
  #bufferedBytes = 0
  #isClosed = false
  #hasEnded = false
  #failure: CocoonError | undefined
  #wakeReader: (() => void) | undefined

  /** @param socket - Open, with `binaryType` `arraybuffer`. */
  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    socket.addEventListener('message', this.#onMessage)
    socket.addEventListener('close', this.#onClose)
    socket.addEventListener('error', this.#onError)
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#isClosed) throw closedStreamError()
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        this.#bufferedBytes -= chunk.length
        return chunk
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#hasEnded) return null
      await new Promise<void>((resolve) => (this.#wakeReader = resolve))
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#assertOpen()
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>)
    while (this.#socket.bufferedAmount > SEND_HIGH_WATER_BYTES) {
      await new Promise<void>((resolve) => void this.#clock.setTimer(resolve, DRAIN_POLL_MS))
      this.#assertOpen()
    }
  }

  async close(_reason?: unknown): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#chunks = []
    this.#wake()
    this.#socket.close()
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedStreamError()
    if (this.#failure !== undefined) throw this.#failure
    if (this.#hasEnded) throw lostError('the relay closed the connection')
  }

  readonly #onMessage = (event: MessageEvent): void => {
    if (this.#isClosed || this.#failure !== undefined) return
    const data: unknown = event.data
    if (!(data instanceof ArrayBuffer))
      return this.#fail(new CocoonError('ERR_RELAY', 'the relay sent text', { phase: 'relay' }))
    if (data.byteLength === 0) return
    this.#bufferedBytes += data.byteLength
    if (this.#bufferedBytes > RECEIVE_LIMIT_BYTES) {
      return this.#fail(new CocoonError('ERR_RELAY', 'the relay sent more than anybody read', { phase: 'relay' }))
    }
    this.#chunks.push(new Uint8Array(data))
    this.#wake()
  }

  readonly #onClose = (): void => {
    this.#hasEnded = true
    this.#wake()
  }

  readonly #onError = (): void => this.#fail(lostError('the connection to the relay failed'))

  #fail(error: CocoonError): void {
    this.#failure ??= error
    this.#wake()
    this.#socket.close()
  }

  #wake(): void {
    const wake = this.#wakeReader
    this.#wakeReader = undefined
    wake?.()
  }
}

function lostError(message: string): CocoonError {
  return new CocoonError('ERR_CONNECTION_LOST', message, { phase: 'relay' })
}
