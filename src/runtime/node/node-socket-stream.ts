/**
 * A Node socket (plain or TLS) as a {@link ByteStream}.
 *
 * Pull: the socket stays in paused mode, so Node reads ahead by its own small buffer only and then stops reading from the
 * kernel; TCP does the rest.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { CocoonError, type ErrorPhase } from '../../errors.js'
import type { ByteStream } from '../ports/byte-stream.js'

/** How long a socket may take to flush when it is closed without a reason, milliseconds. */
const FLUSH_TIMEOUT_MS = 1000

/** Byte stream over a connected socket, which it owns. */
export class NodeSocketStream implements ByteStream {
  readonly #socket: Socket
  /** Phase put into errors; TLS streams pass `tls`. */
  readonly #phase: ErrorPhase
  #failure: Error | undefined
  #ended = false
  #isClosed = false
  #isReleased = false
  #closing: Promise<void> | undefined
  #wakeReader: (() => void) | undefined

  constructor(socket: Socket, phase: ErrorPhase = 'dial') {
    this.#socket = socket
    this.#phase = phase
    socket.on('error', this.#onError)
    socket.on('readable', this.#onReadable)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onEnd)
  }

  /**
   * Gives the socket away with all bytes that were not read yet; the stream is closed for further use.
   *
   * @throws CocoonError `ERR_CLOSED` when there is nothing left to give.
   */
  release(): Socket {
    if (this.#isClosed) throw this.#closedError()
    this.#isClosed = true
    this.#isReleased = true
    // The error listener stays: a socket without one ends the process.
    this.#socket.removeListener('readable', this.#onReadable)
    this.#socket.removeListener('end', this.#onEnd)
    this.#socket.removeListener('close', this.#onEnd)
    return this.#socket
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#isClosed) throw this.#closedError()
      const chunk = this.#socket.read() as Uint8Array | null
      if (chunk !== null && chunk.length > 0) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      if (this.#failure !== undefined) throw this.#lost(this.#failure)
      if (this.#ended || this.#socket.destroyed) return null
      await new Promise<void>((resolve) => (this.#wakeReader = resolve))
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closedError())
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => {
        if (error === null || error === undefined) resolve()
        else reject(this.#isClosed ? this.#closedError() : this.#lost(this.#failure ?? error))
      })
    })
  }

  close(reason?: unknown): Promise<void> {
    if (this.#isReleased) return Promise.resolve()
    this.#closing ??= this.#end(reason)
    return this.#closing
  }

  async #end(reason: unknown): Promise<void> {
    const socket = this.#socket
    this.#isClosed = true
    this.#wakeReader?.()
    if (socket.destroyed) return
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    if (reason === undefined && this.#failure === undefined) await this.#flush()
    // For TLS this is the TLS socket: destroying the raw one under it right after the handshake crashes Node 20.
    socket.destroy()
    await closed
  }

  /** Ends our direction and waits, but not for ever, until what was written is with the system. */
  #flush(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS)
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#socket.once('close', done)
      this.#socket.end(done)
    })
  }

  readonly #onReadable = (): void => {
    const wake = this.#wakeReader
    this.#wakeReader = undefined
    wake?.()
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#onReadable()
  }

  readonly #onError = (error: Error): void => {
    this.#failure ??= error
    this.#onReadable()
  }

  #lost(cause: Error & { code?: string }): CocoonError {
    const detail = cause.code === undefined ? '' : ` (${cause.code})`
    return new CocoonError('ERR_CONNECTION_LOST', `the connection was lost${detail}`, { phase: this.#phase, cause })
  }

  #closedError(): CocoonError {
    return new CocoonError('ERR_CLOSED', 'the stream was closed', { phase: 'close' })
  }
}
