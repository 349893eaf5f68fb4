/**
 * The pure TLS engine, loaded at the first connection so that it weighs nothing before.
 *
 * @module
 */
import type { TlsEngine } from '../runtime/ports/tls-engine.js'

let loading: Promise<TlsEngine> | undefined

/** Default engine on every runtime: it judges the peer before the own certificate leaves. One client identity per process. */
export const pureTlsEngine: TlsEngine = {
  name: 'pure',
  async connect(stream, options) {
    loading ??= import('../wire/tls/index.js').then(({ createPureTlsEngine }) => createPureTlsEngine())
    const engine = await loading
    return engine.connect(stream, options)
  }
}
