/**
 * The pure engine: TLS 1.3 in TypeScript over any byte stream (port `TlsEngine`).
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import type { TlsConnectOptions, TlsEngine } from '../../runtime/ports/tls-engine.js'
import { abortError, closeQuietly, raceAbort, throwIfAborted } from '../../runtime/shared/index.js'
import { CIPHER_SUITES, type CipherSuiteName } from './cipher-suites.js'
import { createIdentityProvider, type IdentityProvider } from './client-identity.js'
import { runHandshake } from './handshake.js'
import { createKeyShare, type GroupName, type KeyShare } from './key-exchange.js'
import { handshakeSalt } from './key-schedule.js'
import { MessageReader } from './message-reader.js'
import { overlap } from './overlap.js'
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

  const createShares = (): Promise<KeyShare[]> => overlap(Promise.all(groups.map(createKeyShare)))
  /** Shares made ahead, for one connection. */
  let spare: Promise<KeyShare[]> | undefined
  const takeShares = (): Promise<KeyShare[]> => {
    const shares = spare ?? createShares()
    spare = undefined
    return shares
  }

  const establish = async (
    stream: ByteStream,
    writer: RecordWriter,
    connection: TlsConnectOptions
  ): Promise<TlsStream> => {
    const { random, clock, judge } = connection
    const reader = new RecordReader(stream)
    const messages = new MessageReader(reader)
    const handshake = await runHandshake({
      reader,
      messages,
      writer,
      suites,
      shares: await takeShares(),
      random: random.bytes(32),
      sessionId: random.bytes(32),
      authentication,
      identity: () => identityProvider({ clock, random }),
      judge
    })
    const requireCloseNotify = options.requireCloseNotify ?? false
    return new TlsConnection({ stream, reader, messages, writer, handshake, clock, requireCloseNotify })
  }

  return {
    name: 'pure',
    prepare(platform) {
      spare ??= createShares()
      void overlap(identityProvider(platform))
      void overlap(handshakeSalt(suites[0]!))
    },
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
  /** Whether the failure is the judge's own: the peer is to learn nothing about it. */
  let isRefused = false
  const judge = async (certificateDer: Uint8Array): Promise<void> => {
    isRefused = true
    await options.judge(certificateDer)
    isRefused = false
    // The caller may have given up while the judge was at work; then our certificate must not leave.
    throwIfAborted(signal, 'tls')
  }
  try {
    throwIfAborted(signal, 'tls')
    return await raceAbort(establish(stream, writer, { ...options, judge }), signal, 'tls')
  } catch (error) {
    const isAborted = signal?.aborted === true
    if (!isAborted && !isRefused) throw terminate(stream, writer, error)
    const reason = isAborted ? abortError(signal, 'tls') : error
    await closeQuietly(stream, reason)
    throw reason
  }
}

function invalidOption(field: string): never {
  throw new CocoonError('ERR_OPTIONS', `${field} is not usable`, { phase: 'options', field })
}
