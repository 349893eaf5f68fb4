/**
 * Puts a client and a {@link ScriptedServer} on one in-memory connection.
 *
 * @module
 */
import type { TlsConnectOptions } from '../../../../src/runtime/ports/tls-engine.js'
import type { CipherSuite } from '../../../../src/wire/tls/cipher-suites.js'
import {
  createPureTlsEngine,
  type PureTlsOptions,
  type PureTlsSeams,
  type PureTlsEngine
} from '../../../../src/wire/tls/engine.js'
import type { TlsStream } from '../../../../src/wire/tls/index.js'
import { FakeClock } from '../../../support/fake-clock.js'
import { createLinkedStreams, type LinkedStreamsOptions } from '../../../support/linked-streams.js'
import { SeededRandom } from '../../../support/seeded-random.js'
import { createServerIdentity, ScriptedServer, type ServerIdentity } from './scripted-server.js'

let identity: Promise<ServerIdentity> | undefined

/** One server identity for all tests of a file. */
export function sharedIdentity(): Promise<ServerIdentity> {
  return (identity ??= createServerIdentity())
}

/** Settings of {@link connectScripted}. */
export interface ScriptedConnection {
  readonly engine?: PureTlsEngine
  readonly options?: PureTlsOptions
  readonly seams?: PureTlsSeams
  readonly suite?: CipherSuite
  readonly link?: LinkedStreamsOptions
  readonly connect?: Partial<TlsConnectOptions>
}

/** A client that is connecting, and its server. */
export interface ScriptedPair {
  readonly server: ScriptedServer
  /** Never rejects by itself: the outcome as a value. */
  readonly outcome: Promise<{ stream?: TlsStream; error?: unknown }>
  /** Certificates that the judge saw. */
  readonly judged: Uint8Array[]
}

/** Starts a client against a scripted server. */
export async function connectScripted(settings: ScriptedConnection = {}): Promise<ScriptedPair> {
  const [clientEnd, serverEnd] = createLinkedStreams(settings.link)
  const judged: Uint8Array[] = []
  const engine = settings.engine ?? createPureTlsEngine(settings.options, settings.seams)
  const outcome = engine
    .connect(clientEnd, {
      clock: new FakeClock(Date.now()),
      random: new SeededRandom(),
      judge: async (certificateDer) => void judged.push(certificateDer),
      ...settings.connect
    })
    .then(
      (stream) => ({ stream }),
      (error: unknown) => ({ error })
    )
  return { server: new ScriptedServer(serverEnd, await sharedIdentity(), settings.suite), outcome, judged }
}

/** A finished handshake. */
export async function establish(
  settings: ScriptedConnection & { readonly requestCertificate?: boolean } = {}
): Promise<{ server: ScriptedServer; stream: TlsStream; judged: Uint8Array[] }> {
  const { server, outcome, judged } = await connectScripted(settings)
  await server.accept({ requestCertificate: settings.requestCertificate ?? true })
  const { stream, error } = await outcome
  if (stream === undefined) throw error
  return { server, stream, judged }
}
