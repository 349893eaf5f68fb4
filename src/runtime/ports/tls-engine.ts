/**
 * Port: a TLS 1.3 client for the network's profile. Two engines fill it: `native` (`node:tls`, in runtime/node) and
 * `pure` (wire/tls). Both pass one compliance suite.
 *
 * @module
 */
import type { ByteStream } from './byte-stream.js'
import type { Clock, Random } from './clock.js'

/**
 * Judges the peer's leaf certificate (DER). Resolves when the peer may be talked to, rejects otherwise; the engine then
 * sends nothing further and the connection ends.
 */
export type JudgeCertificate = (certificateDer: Uint8Array) => Promise<void>

/** What an engine needs for one connection. */
export interface TlsConnectOptions {
  /**
   * Called exactly once with the certificate that the peer proved to hold the key of. The pure engine calls it before its
   * own certificate leaves; the native one cannot, and calls it before the first byte of application data.
   */
  readonly judge: JudgeCertificate
  readonly signal?: AbortSignal | undefined
  readonly clock: Clock
  readonly random: Random
}

/** A TLS 1.3 client. */
export interface TlsEngine {
  readonly name: 'native' | 'pure'
  /**
   * Starts what does not depend on the peer, while the connection is being made: keys, certificate. Calling it is never
   * needed; what it makes serves the next {@link connect}.
   */
  prepare?(platform: Pick<TlsConnectOptions, 'clock' | 'random'>): void
  /**
   * Runs the handshake over `stream` (which it owns from now on, also on failure) and resolves to the protected stream
   * after a positive judgement.
   *
   * @throws CocoonError `ERR_TLS` | `ERR_CONNECTION_LOST` | `ERR_ABORTED`, or whatever `judge` rejected with.
   */
  connect(stream: ByteStream, options: TlsConnectOptions): Promise<ByteStream>
}
