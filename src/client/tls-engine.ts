/**
 * The pure TLS engine, loaded at the first connection so that it weighs nothing before.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import type { TlsEngine } from '../runtime/ports/tls-engine.js'

let loading: Promise<TlsEngine> | undefined

function load(): Promise<TlsEngine> {
  // It comes with what else the first connection loads.
  return (loading ??= import('./network/pool/index.js').then(
    ({ createPureTlsEngine }) => createPureTlsEngine(),
    (cause: unknown) => {
      // A part that could not be fetched is tried again by the next connection.
      loading = undefined
      throw CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'tls', retryable: true })
    }
  ))
}

/** Default engine on every runtime: it judges the peer before the own certificate leaves. One client identity per process. */
export const pureTlsEngine: TlsEngine = {
  name: 'pure',
  prepare(platform) {
    load()
      .then((engine) => engine.prepare?.(platform))
      // The connection will say what is wrong.
      .catch(() => undefined)
  },
  async connect(stream, options) {
    return (await load()).connect(stream, options)
  }
}
