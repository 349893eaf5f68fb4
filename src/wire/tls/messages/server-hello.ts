/**
 * ServerHello, RFC 8446 §4.1.3, and the HelloRetryRequest that looks like one (§4.1.4).
 *
 * @module
 */
import { equalBytes, hexToBytes } from '../../../encoding/index.js'
import { abort } from '../alerts.js'
import type { CipherSuite } from '../cipher-suites.js'
import { EXTENSION, VERSION_LEGACY, VERSION_TLS13 } from '../constants.js'
import { readAnyExtensions, readExtensions } from './extensions.js'
import { messageReader, readVector16, readVector8 } from './vectors.js'

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
  const reader = messageReader(body)
  const version = reader.u16be()
  if (version !== VERSION_LEGACY) abort('protocol_version', 'the server chose an old version')
  const isRetry = equalBytes(reader.take(32), hexToBytes(RETRY_RANDOM))
  const sessionId = readVector8(reader)
  const code = reader.u16be()
  const compression = reader.u8()
  // TLS 1.2 may leave the extension block out altogether.
  if (reader.remaining === 0) abort('protocol_version', 'the server chose TLS 1.2')
  const allowed: number[] = [EXTENSION.supportedVersions, EXTENSION.keyShare]
  if (isRetry) allowed.push(EXTENSION.cookie)
  assertVersion(body.subarray(reader.offset))
  const extensions = readExtensions(reader, allowed)
  reader.end()
  if (!equalBytes(sessionId, offer.sessionId)) abort('illegal_parameter', 'the session id was not echoed')
  const suite = offer.suites.find((candidate) => candidate.code === code)
  if (suite === undefined) abort('illegal_parameter', 'the server chose a cipher suite that was not offered')
  if (compression !== 0) abort('illegal_parameter', 'the server chose a compression')
  if (isRetry) {
    const alert = extensions.has(EXTENSION.cookie) ? 'handshake_failure' : 'illegal_parameter'
    abort(alert, 'the server sent a HelloRetryRequest that nothing calls for')
  }
  return { suite, ...decodeKeyShare(extensions.get(EXTENSION.keyShare)) }
}

/** The version comes first: in an older ServerHello the other extensions mean nothing to us. */
function assertVersion(block: Uint8Array): void {
  const selected = readAnyExtensions(messageReader(block)).get(EXTENSION.supportedVersions)
  if (selected === undefined) abort('protocol_version', 'the server chose a version before TLS 1.3')
  const reader = messageReader(selected)
  const version = reader.u16be()
  reader.end()
  if (version !== VERSION_TLS13) abort('illegal_parameter', 'the server chose a version that was not offered')
}

function decodeKeyShare(data: Uint8Array | undefined): { group: number; publicKey: Uint8Array } {
  if (data === undefined) abort('missing_extension', 'the server sent no key share')
  const reader = messageReader(data)
  const share = { group: reader.u16be(), publicKey: readVector16(reader) }
  reader.end()
  return share
}
