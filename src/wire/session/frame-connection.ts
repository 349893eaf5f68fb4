/**
 * TL objects over a byte stream: frames both ways, keep-alive, pongs, back-pressure. Knows nothing of handshakes or
 * requests.
 *
 * @module
 */
import { decodeTl, encodeTl, type TlObject } from '../../encoding/tl/index.js'
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import type { Clock, Random } from '../../runtime/ports/clock.js'
import { closeQuietly } from '../../runtime/shared/index.js'
import { FrameDecoder, FrameEncoder } from '../frames/index.js'
import { type Deferred, deferred } from './deferred.js'
import { KeepAlive } from './keep-alive.js'
import { randomInt64 } from './random-int64.js'
import type { ResolvedLimits } from './settings.js'

/** What the owner of a connection is asked and told. */
export interface FrameConnectionOptions {
  readonly stream: ByteStream
  readonly limits: ResolvedLimits
  readonly clock: Clock
  readonly random: Random
  /** A look at each complete frame before it is decoded. @returns whether it was dealt with. */
  readonly onFrame: (payload: Uint8Array) => boolean
  /** One complete frame. What it throws ends the connection. */
  readonly onMessage: (object: TlObject) => void
  /** The connection cannot go on. Called at most once, and not after `release`. */
  readonly onFailure: (error: CocoonError) => void
  /** Whether every reader is behind, so that the socket should not be read. */
  readonly isHeld: () => boolean
}

/** Owns the stream. */
export class FrameConnection {
  readonly #options: FrameConnectionOptions
  readonly #encoder = new FrameEncoder()
  readonly #decoder: FrameDecoder
  readonly #keepAlive: KeepAlive
  #isReleased = false
  #hasReceived = false
  #held: Deferred<void> | undefined
  #isPonging = false
  #waitingPong: bigint | undefined

  constructor(options: FrameConnectionOptions) {
    this.#options = options
    const { clock, limits, random } = options
    this.#decoder = new FrameDecoder({ maxFrameBytes: limits.maxFrameBytes })
    this.#keepAlive = new KeepAlive({
      clock,
      limits,
      sendPing: () => void this.send({ type: 'tcp.ping', id: randomInt64(random) }),
      onDead: () => this.#fail(new CocoonError('ERR_IDLE_TIMEOUT', 'the peer fell silent', { phase: 'answer' }))
    })
  }

  /** Whether any byte of the peer has arrived. */
  get hasReceived(): boolean {
    return this.#hasReceived
  }

  /** Begins to read; to be called once, after the first message was sent. */
  start(): void {
    this.#keepAlive.start()
    void this.#receive()
  }

  /**
   * Sends one object as one frame. The promise settles when the transport can take more and never rejects: a broken
   * transport is reported through `onFailure`.
   *
   * @throws CocoonError `ERR_TL_ENCODE` | `ERR_REQUEST_TOO_LARGE`; nothing was sent then and the connection is unharmed.
   */
  send(object: TlObject): Promise<void> {
    const payload = encodeTl(object)
    if (payload.length > this.#options.limits.maxFrameBytes) {
      const text = `the message takes ${payload.length} bytes, a frame at most ${this.#options.limits.maxFrameBytes}`
      throw new CocoonError('ERR_REQUEST_TOO_LARGE', text, { phase: 'request', httpStatus: 413 })
    }
    if (this.#isReleased) return Promise.resolve()
    this.#keepAlive.frameSent()
    return this.#options.stream.write(this.#encoder.encode(payload)).catch((error: unknown) => this.#fail(error))
  }

  /** Answers a ping. While the transport does not drain, one pong waits, for the newest ping: a flood costs nothing. */
  pong(id: bigint): void {
    if (this.#isPonging) {
      this.#waitingPong = id
      return
    }
    this.#isPonging = true
    void this.send({ type: 'tcp.pong', id }).then(() => {
      this.#isPonging = false
      const waiting = this.#waitingPong
      this.#waitingPong = undefined
      if (waiting !== undefined) this.pong(waiting)
    })
  }

  /** Looks again whether reading may go on. */
  resume(): void {
    if (!this.#options.isHeld()) this.#held?.resolve()
  }

  /** Stops everything and gives the stream back. */
  async release(reason?: unknown): Promise<void> {
    this.#isReleased = true
    this.#keepAlive.stop()
    this.#held?.resolve()
    await closeQuietly(this.#options.stream, reason)
  }

  async #receive(): Promise<void> {
    try {
      for (;;) {
        if (this.#options.isHeld()) await this.#whileHeld()
        if (this.#isReleased) return
        const chunk = await this.#options.stream.read()
        if (this.#isReleased) return
        if (chunk === null) return this.#ended()
        this.#hasReceived = true
        this.#decoder.push(chunk)
        this.#dispatch()
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Handles every complete frame of what has arrived. */
  #dispatch(): void {
    let any = false
    for (let payload = this.#decoder.next(); payload !== undefined; payload = this.#decoder.next()) {
      if (!any) this.#keepAlive.frameReceived()
      any = true
      if (!this.#options.onFrame(payload)) this.#options.onMessage(decodeTl(payload))
      if (this.#isReleased) return
    }
  }

  #ended(): void {
    let cause: unknown
    try {
      this.#decoder.finish()
    } catch (error) {
      cause = error
    }
    this.#fail(new CocoonError('ERR_CONNECTION_LOST', 'the peer ended the connection', { phase: 'answer', cause }))
  }

  async #whileHeld(): Promise<void> {
    this.#keepAlive.hold()
    this.#held = deferred()
    await this.#held.promise
    if (!this.#isReleased) this.#keepAlive.resume()
  }

  #fail(error: unknown): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#keepAlive.stop()
    this.#options.onFailure(CocoonError.from(error, 'ERR_CONNECTION_LOST', { phase: 'answer' }))
  }
}
