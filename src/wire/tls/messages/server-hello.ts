/**
 * ServerHello, RFC 8446 §4.1.3, and the HelloRetryRequest that looks like one (§4.1.4).
 *
 * @module
 */
import { equalBytes, hexToBytes } from '../../../encoding/index.js'
import { abort } from '../alerts.js'
import type { CipherSuite } from '../cipher-suites.js'
import * as EXTENSION from '../code-points/extension-types.js'
import { VERSION_LEGACY, VERSION_TLS13 } from '../constants.js'
import { assertAllowed, readExtensions } from './extensions.js'
import { parse, readVector16, readVector8 } from './vectors.js'

/** `random` that marks a HelloRetryRequest: SHA-256 of that word (RFC 8446 §4.1.3). */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/** What the server chose. */
export interface ServerHello {
  readonly suite: CipherSuite
  readonly group: number
  readonly publicKey: Uint8Array
}

/** What the ClientHello offered. */
export interface HelloOffer {
  readonly sessionId: Uint8Array
  readonly suites: readonly CipherSuite[]
}

/**
 * Reads a ServerHello and holds it against the offer.
 *
 * A HelloRetryRequest always ends the connection: each offered group came with a share, so the server has nothing to ask
 * for that it did not get.
 *
 * @throws TlsError `protocol_version` | `illegal_parameter` | `missing_extension` | `unsupported_extension` |
 *   `handshake_failure` (a retry for the sake of a cookie) | `decode_error`.
 */
export function decodeServerHello(body: Uint8Array, offer: HelloOffer): ServerHello {
  const { isRetry, sessionId, code, compression, extensions } = parse(body, (reader) => {
    if (reader.u16be() !== VERSION_LEGACY) abort('protocol_version', 'old')
    const isRetry = equalBytes(reader.take(32), hexToBytes(RETRY_RANDOM))
    const sessionId = readVector8(reader)
    const code = reader.u16be()
    const compression = reader.u8()
    // TLS 1.2 may leave the extension block out altogether.
    if (reader.remaining === 0) abort('protocol_version', 'TLS 1.2')
    const extensions = readExtensions(reader)
    // The version comes first: in an older ServerHello the other extensions mean nothing to us.
    assertVersion(extensions.get(EXTENSION.supportedVersions))
    assertAllowed(extensions, EXTENSION.supportedVersions, EXTENSION.keyShare, ...(isRetry ? [EXTENSION.cookie] : []))
    return { isRetry, sessionId, code, compression, extensions }
  })
  if (!equalBytes(sessionId, offer.sessionId)) abort('illegal_parameter', 'session id')
  const suite = offer.suites.find((candidate) => candidate.code === code) ?? abort('illegal_parameter', 'cipher suite')
  if (compression !== 0) abort('illegal_parameter', 'compression')
  if (isRetry) {
    abort(extensions.has(EXTENSION.cookie) ? 'handshake_failure' : 'illegal_parameter', 'needless HelloRetryRequest')
  }
  const share = extensions.get(EXTENSION.keyShare) ?? abort('missing_extension', 'key share')
  return { suite, ...parse(share, (reader) => ({ group: reader.u16be(), publicKey: readVector16(reader) })) }
}

function assertVersion(selected: Uint8Array | undefined): void {
  if (selected === undefined) abort('protocol_version', 'before TLS 1.3')
  if (parse(selected, (reader) => reader.u16be()) !== VERSION_TLS13) abort('illegal_parameter', 'version')
}
