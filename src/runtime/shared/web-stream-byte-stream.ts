/**
 * A pair of WHATWG byte streams (a Worker's or Deno's socket) as a {@link ByteStream}.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../ports/byte-stream.js'
import { closedStreamError } from './closed-stream-error.js'

/** What a runtime's socket looks like. */
export interface SocketPair {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /** Ends the socket at once. */
  close(): unknown
}

/** Byte stream over a web-stream socket, which it owns. Pull: a read that nobody asks for is not made. */
export class WebStreamByteStream implements ByteStream {
  readonly #socket: SocketPair
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  #isClosed = false
  #hasEnded = false
  #closing: Promise<void> | undefined

  constructor(socket: SocketPair) {
    this.#socket = socket
    this.#reader = socket.readable.getReader()
    this.#writer = socket.writable.getWriter()
    // Both are looked at when they matter; unobserved they would be reported as unhandled.
    this.#reader.closed.catch(() => undefined)
    this.#writer.closed.catch(() => undefined)
  }

  async read(): Promise<Uint8Array | null> {
    while (!this.#hasEnded) {
      if (this.#isClosed) throw closedStreamError()
      const { done, value } = await this.#reader.read().catch((cause: unknown) => this.#fail(cause))
      if (done) this.#hasEnded = true
      else if (value.length > 0) return value
    }
    if (this.#isClosed) throw closedStreamError()
    return null
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed) throw closedStreamError()
    await this.#writer.write(bytes).catch((cause: unknown) => this.#fail(cause))
  }

  close(reason?: unknown): Promise<void> {
    this.#closing ??= this.#end(reason)
    return this.#closing
  }

  async #end(reason: unknown): Promise<void> {
    this.#isClosed = true
    if (reason === undefined) await this.#writer.close().catch(() => undefined)
    else this.#writer.abort(reason).catch(() => undefined)
    this.#reader.cancel(reason).catch(() => undefined)
    try {
      await this.#socket.close()
    } catch {
      // It was closed already, which is what was wanted.
    }
  }

  #fail(cause: unknown): never {
    if (this.#isClosed) throw closedStreamError()
    throw new CocoonError('ERR_CONNECTION_LOST', 'the connection was lost', { phase: 'dial', cause })
  }
}
