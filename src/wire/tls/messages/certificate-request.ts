/**
 * CertificateRequest, RFC 8446 §4.3.2.
 *
 * @module
 */
import { abort } from '../alerts.js'
import * as EXTENSION from '../code-points/extension-types.js'
import { readExtensions } from './extensions.js'
import { parse, readItems, readVector16, readVector8 } from './vectors.js'

/**
 * Reads the request: the signature schemes that the server accepts. Other extensions (authorities, filters) are ignored.
 *
 * @throws TlsError `illegal_parameter` for a context during the handshake, `missing_extension`, `decode_error`.
 */
export function decodeCertificateRequest(body: Uint8Array): readonly number[] {
  const algorithms = parse(body, (reader) => {
    if (readVector8(reader).length > 0) abort('illegal_parameter', 'certificate request context')
    return readExtensions(reader).get(EXTENSION.signatureAlgorithms)
  })
  if (algorithms === undefined) abort('missing_extension', 'signature algorithms')
  const schemes = readItems(parse(algorithms, readVector16), (list) => list.u16be())
  if (schemes.length === 0) abort('decode_error', 'no signature algorithm')
  return schemes
}
