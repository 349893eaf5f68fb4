/**
 * The network's TLS profile on `node:tls`.
 *
 * Limit: Node finishes the whole handshake, our certificate included, before the peer's certificate can be seen. The
 * judgement therefore comes after our (throw-away) certificate left and before the first byte of application data.
 *
 * @module
 */
import type { TLSSocket } from 'node:tls'
import { CocoonError } from '../../errors.js'
import type { ByteStream } from '../ports/byte-stream.js'
import type { TlsConnectOptions, TlsEngine } from '../ports/tls-engine.js'
import { abortError, closeQuietly, raceAbort, throwIfAborted } from '../shared/index.js'
import { clientSecureContext } from './client-identity.js'
import { NodeSocketStream } from './node-socket-stream.js'
import { duplexOver } from './stream-duplex.js'

/** `node:tls` as an engine. Library verification is off: the network's certificates are self-signed and carry critical
 * extensions that OpenSSL does not know, so the judge alone decides. */
export const nativeTlsEngine: TlsEngine = {
  name: 'native',
  async connect(stream, options) {
    const socket = await startTls(stream, options)
    try {
      await handshake(socket, options.signal)
      await raceAbort(options.judge(peerCertificate(socket)), options.signal, 'attestation')
    } catch (error) {
      // Only ever the TLS socket: destroying the raw one under it crashes Node 20.20.
      socket.destroy()
      throw error
    }
    return new NodeSocketStream(socket, 'tls')
  }
}

async function startTls(stream: ByteStream, options: TlsConnectOptions): Promise<TLSSocket> {
  try {
    const [tls, secureContext] = await Promise.all([
      import('node:tls'),
      clientSecureContext(options.clock, options.random)
    ])
    throwIfAborted(options.signal, 'tls')
    const transport = stream instanceof NodeSocketStream ? stream.release() : duplexOver(stream)
    const socket = tls.connect({
      socket: transport,
      secureContext,
      minVersion: 'TLSv1.3',
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined
    })
    // Errors after the judgement are for NodeSocketStream; without any listener they would end the process.
    socket.on('error', ignore)
    return socket
  } catch (error) {
    await closeQuietly(stream, error)
    throw CocoonError.from(error, 'ERR_TLS', { phase: 'tls' })
  }
}

function handshake(socket: TLSSocket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal?.removeEventListener('abort', onAbort)
      socket.removeListener('secureConnect', onSecure)
      socket.removeListener('error', onError)
      socket.removeListener('close', onClose)
    }
    const onSecure = (): void => {
      settle()
      resolve()
    }
    const onAbort = (): void => {
      settle()
      reject(abortError(signal!, 'tls'))
    }
    const onError = (error: Error): void => {
      settle()
      reject(handshakeError(error))
    }
    const onClose = (): void => onError(new Error('closed'))
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.on('secureConnect', onSecure)
    socket.on('error', onError)
    socket.on('close', onClose)
    if (signal?.aborted === true) onAbort()
  })
}

/** Faults of the TLS library are `ERR_TLS`; everything else is the transport going away under the handshake. */
function handshakeError(error: Error & { code?: string }): CocoonError {
  if (CocoonError.is(error)) return error
  const code = error.code ?? ''
  const isTls = /^(ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO)/.test(code)
  const detail = code === '' ? '' : ` (${code})`
  return isTls
    ? new CocoonError('ERR_TLS', `the TLS handshake failed${detail}`, { phase: 'tls', cause: error })
    : new CocoonError('ERR_CONNECTION_LOST', `the peer went away during the TLS handshake${detail}`, {
        phase: 'tls',
        retryable: true,
        cause: error
      })
}

/** The leaf as received. Not through `X509Certificate`, which may return a PEM that the evidence embeds. */
function peerCertificate(socket: TLSSocket): Uint8Array {
  const raw: Uint8Array | undefined = socket.getPeerCertificate(true).raw
  if (raw === undefined) throw new CocoonError('ERR_TLS', 'the peer showed no certificate', { phase: 'tls' })
  return new Uint8Array(raw)
}

function ignore(): void {}
