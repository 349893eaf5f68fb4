/**
 * Raw TCP through `node:net`.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Dialer } from '../ports/byte-stream.js'
import { abortError, throwIfAborted } from '../shared/index.js'
import { NodeSocketStream } from './node-socket-stream.js'

/**
 * Connects with Nagle's algorithm off: a session writes whole frames and waits for the answer.
 *
 * A name is resolved by the system; all its addresses are tried (happy eyeballs of Node ≥ 20).
 */
export const nodeDialer: Dialer = {
  async dial({ host, port }, { signal } = {}) {
    throwIfAborted(signal, 'dial')
    if (host === '' || !Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new CocoonError('ERR_OPTIONS', 'a dial target is a host and a port from 1 to 65535', { phase: 'options' })
    }
    const { connect } = await import('node:net')
    throwIfAborted(signal, 'dial')
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true })
      const settle = (): void => {
        signal?.removeEventListener('abort', onAbort)
        socket.removeListener('error', onError)
        socket.removeListener('connect', onConnect)
      }
      const onAbort = (): void => {
        settle()
        socket.on('error', ignore)
        socket.destroy()
        reject(abortError(signal!, 'dial'))
      }
      const onError = (error: Error & { code?: string }): void => {
        settle()
        socket.on('error', ignore)
        socket.destroy()
        const detail = error.code ?? 'no further detail'
        const message = `could not connect to ${host}:${port} (${detail})`
        reject(new CocoonError('ERR_DIAL', message, { phase: 'dial', retryable: true, cause: error }))
      }
      const onConnect = (): void => {
        settle()
        resolve(new NodeSocketStream(socket))
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      socket.on('error', onError)
      socket.on('connect', onConnect)
    })
  }
}

/** An error event without a listener would end the process. */
function ignore(): void {}
