/**
 * Port: one connected, ordered, reliable, bidirectional byte stream (a TCP socket, a WebSocket relay, a TLS layer, an
 * in-memory pair). Pull-based, so that a slow reader slows the sender down.
 *
 * @module
 */

/** A duplex byte stream. Implementations are not shared between readers: one `read` at a time. */
export interface ByteStream {
  /**
   * Next bytes in order, never empty; the array belongs to the caller. `null` at the peer's orderly end, and again on
   * every later call. Only one read may be outstanding.
   *
   * @throws CocoonError `ERR_CONNECTION_LOST` on a reset; `ERR_CLOSED` after {@link ByteStream.close}.
   */
  read(): Promise<Uint8Array | null>

  /**
   * Queues bytes in order (callers need not wait between calls) and resolves once the transport can take more.
   * The array must not be changed until it resolves.
   *
   * @throws CocoonError `ERR_CONNECTION_LOST` | `ERR_CLOSED`.
   */
  write(bytes: Uint8Array): Promise<void>

  /**
   * Ends the stream in both directions and releases it. Pending reads and writes reject with `ERR_CLOSED` (or resolve
   * if they can still complete). Safe to call twice.
   *
   * @param reason - With a reason the stream is reset at once instead of flushed.
   */
  close(reason?: unknown): Promise<void>
}

/** Where to connect to. */
export interface DialTarget {
  /** Host name or IP address, without brackets. */
  readonly host: string
  /** 1…65535. */
  readonly port: number
}

/** Opens byte streams. */
export interface Dialer {
  /**
   * Connects, or rejects with `ERR_DIAL` (`ERR_ABORTED` when the signal fires; `ERR_UNSUPPORTED_RUNTIME` where no sockets exist).
   * The signal is not looked at any more once the stream is returned.
   */
  dial(target: DialTarget, options?: { readonly signal?: AbortSignal | undefined }): Promise<ByteStream>
}
