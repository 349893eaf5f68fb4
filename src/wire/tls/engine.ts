/**
 * The pure engine: TLS 1.3 in TypeScript over any byte stream (port `TlsEngine`).
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import type { TlsConnectOptions, TlsEngine } from '../../runtime/ports/tls-engine.js'
import { TlsError } from './alerts.js'
import { CIPHER_SUITES, type CipherSuiteName } from './cipher-suites.js'
import { createIdentityProvider, type IdentityProvider } from './client-identity.js'
import { runHandshake } from './handshake.js'
import { createKeyShare, type GroupName } from './key-exchange.js'
import { ed25519Authentication, type PeerAuthentication } from './peer-authentication.js'
import { RecordReader } from './record-reader.js'
import { RecordWriter } from './record-writer.js'
import { terminate, TlsConnection, type TlsStream } from './tls-stream.js'

/** Options of {@link createPureTlsEngine}. */
export interface PureTlsOptions {
  /** Offered suites in order of preference; the network's servers follow it. Default: AES-128, then AES-256. */
  readonly cipherSuites?: readonly CipherSuiteName[] | undefined
  /** Offered groups in order of preference, each with a key share. Default: X25519 alone. */
  readonly groups?: readonly GroupName[] | undefined
  /**
   * Whether an end of the transport without close_notify makes `read` reject with `ERR_CONNECTION_LOST`. Default `false`:
   * the network's servers never send one, and the framing inside TLS tells a cut answer from a complete one.
   */
  readonly requireCloseNotify?: boolean | undefined
  /** Records are padded to a multiple of this many bytes, 1…16_384. Default 1: no padding. */
  readonly paddingMultiple?: number | undefined
}

/** Seams for tests and for the BoGo shim; not exported by the room's index. */
export interface PureTlsSeams {
  readonly authentication?: PeerAuthentication | undefined
  readonly identity?: IdentityProvider | undefined
}

/** {@link TlsEngine} whose streams tell more. */
export interface PureTlsEngine extends TlsEngine {
  readonly name: 'pure'
  connect(stream: ByteStream, options: TlsConnectOptions): Promise<TlsStream>
}

/**
 * Creates an engine. Connections may run in parallel; they share one client certificate, made in memory on first use.
 *
 * `connect` sends nothing but the ClientHello before `judge` resolved; when `judge` rejects, it sends nothing further.
 * On failure the peer gets the alert that RFC 8446 prescribes and the stream is closed.
 *
 * @throws CocoonError `ERR_OPTIONS`.
 */
export function createPureTlsEngine(options: PureTlsOptions = {}, seams: PureTlsSeams = {}): PureTlsEngine {
  const suites = (options.cipherSuites ?? (Object.keys(CIPHER_SUITES) as CipherSuiteName[])).map(
    (name) => CIPHER_SUITES[name] ?? invalidOption('cipherSuites')
  )
  const groups = options.groups ?? ['x25519']
  const paddingMultiple = options.paddingMultiple ?? 1
  if (suites.length === 0) invalidOption('cipherSuites')
  if (groups.length === 0 || !groups.every((name) => name === 'x25519' || name === 'secp256r1')) invalidOption('groups')
  if (!Number.isInteger(paddingMultiple) || paddingMultiple < 1 || paddingMultiple > 16_384) {
    invalidOption('paddingMultiple')
  }
  const identityProvider = seams.identity ?? createIdentityProvider()
  const authentication = seams.authentication ?? ed25519Authentication

  const establish = async (
    stream: ByteStream,
    writer: RecordWriter,
    connection: TlsConnectOptions
  ): Promise<TlsStream> => {
    const { random, clock, judge } = connection
    const reader = new RecordReader(stream)
    const handshake = await runHandshake({
      reader,
      writer,
      suites,
      shares: await Promise.all(groups.map(createKeyShare)),
      random: random.bytes(32),
      sessionId: random.bytes(32),
      authentication,
      identity: () => identityProvider({ clock, random }),
      judge
    })
    const requireCloseNotify = options.requireCloseNotify ?? false
    return new TlsConnection({ stream, reader, writer, handshake, clock, requireCloseNotify })
  }

  return {
    name: 'pure',
    connect: (stream, connection) => guard(stream, new RecordWriter(stream, paddingMultiple), connection, establish)
  }
}

type Establish = (stream: ByteStream, writer: RecordWriter, options: TlsConnectOptions) => Promise<TlsStream>

/** Runs the handshake under the caller's signal and cleans up after a failure. */
async function guard(
  stream: ByteStream,
  writer: RecordWriter,
  options: TlsConnectOptions,
  establish: Establish
): Promise<TlsStream> {
  const { signal } = options
  /** Set when the failure is the judge's own: the peer is to learn nothing about it. */
  let refusal: { readonly reason: unknown } | undefined
  const judge = async (certificateDer: Uint8Array): Promise<void> => {
    try {
      await options.judge(certificateDer)
    } catch (reason) {
      refusal = { reason }
      throw reason
    }
    // The caller may have given up while the judge was at work; then our certificate must not leave.
    signal?.throwIfAborted()
  }
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(abortError(signal))
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
  aborted.catch(() => undefined)
  try {
    if (signal?.aborted === true) throw abortError(signal)
    const established = establish(stream, writer, { ...options, judge })
    established.catch(() => undefined)
    return await Promise.race([established, aborted])
  } catch (error) {
    if (signal?.aborted === true) throw await close(stream, abortError(signal))
    if (refusal !== undefined) throw await close(stream, refusal.reason)
    const failure = CocoonError.is(error)
      ? error
      : new TlsError('TLS failed inside', { alertSent: 'internal_error', cause: error })
    void terminate(stream, writer, failure)
    throw failure
  } finally {
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
  }
}

/** Ends a stream at once. @returns the reason, to be thrown. */
async function close(stream: ByteStream, reason: unknown): Promise<unknown> {
  await stream.close(reason).catch(() => undefined)
  return reason
}

function abortError(signal: AbortSignal | undefined): CocoonError {
  return CocoonError.from(signal?.reason, 'ERR_ABORTED', { phase: 'tls' })
}

function invalidOption(field: string): never {
  throw new CocoonError('ERR_OPTIONS', `${field} is not usable`, { phase: 'options', field })
}
