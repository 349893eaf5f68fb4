/**
 * The way into a session.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../../runtime/ports/byte-stream.js'
import { abortError, closeQuietly } from '../../runtime/shared/index.js'
import { establish } from './establish.js'
import { ProxySession } from './proxy-session.js'
import { resolveSettings, type SessionSettings } from './settings.js'
import type { Session, SessionOptions } from './types.js'

/**
 * Opens a session over the protected stream of an accepted peer and owns the stream from then on: when this rejects, the
 * stream is closed.
 *
 * Order: `tcp.connect` → `client.connectToProxy` → addresses parsed and given to `verifyContracts` → authorisation.
 * The secret leaves in the last step only, to a peer with a positive verdict that offered its SHA-256.
 *
 * Randomness is drawn in this order: 8 bytes for each of connect, handshake and authorisation; later 32 bytes a request,
 * 8 bytes a control query or ping.
 *
 * @throws CocoonError `ERR_OPTIONS` | `ERR_ATTESTATION_REFUSED` | `ERR_TLS_CERTIFICATE_REJECTED` (the stream ended before
 * the first byte) | `ERR_HANDSHAKE` | `ERR_PROTOCOL_VERSION` | `ERR_PROTOCOL` | `ERR_TL_DECODE` | `ERR_FRAME_*` |
 * `ERR_REGISTRY_MISMATCH` | `ERR_AUTHORIZATION` | `ERR_AUTHORIZATION_LONG_REQUIRED` | `ERR_CONNECTION_LOST` |
 * `ERR_IDLE_TIMEOUT` | `ERR_TIMEOUT` | the signal's reason.
 */
export async function openSession(stream: ByteStream, options: SessionOptions): Promise<Session> {
  const { signal } = options
  let settings: SessionSettings
  try {
    settings = resolveSettings(options)
    if (signal?.aborted === true) throw abortError(signal, 'handshake')
  } catch (error) {
    await closeQuietly(stream, error)
    throw error
  }
  const session = new ProxySession(stream, options, settings)
  const onAbort = (): void => void session.shutDown(abortError(signal!, 'handshake'), true)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await establish(session, options, settings)
    return session
  } catch (error) {
    const cause = CocoonError.from(error, 'ERR_INTERNAL', { phase: 'handshake' })
    // What ended the session first is the cause, also when the opening stumbled over the consequences.
    throw await session.shutDown(cause, true)
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}
