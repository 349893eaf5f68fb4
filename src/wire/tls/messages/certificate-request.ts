/**
 * CertificateRequest, RFC 8446 §4.3.2.
 *
 * @module
 */
import { abort } from '../alerts.js'
import { EXTENSION } from '../constants.js'
import { readAnyExtensions } from './extensions.js'
import { messageReader, readVector16, readVector8 } from './vectors.js'

/**
 * Reads the request: the signature schemes that the server accepts. Other extensions (authorities, filters) are ignored.
 *
 * @throws TlsError `illegal_parameter` for a context during the handshake, `missing_extension`, `decode_error`.
 */
export function decodeCertificateRequest(body: Uint8Array): readonly number[] {
  const reader = messageReader(body)
  if (readVector8(reader).length > 0) abort('illegal_parameter', 'certificate request with a context')
  const algorithms = readAnyExtensions(reader).get(EXTENSION.signatureAlgorithms)
  reader.end()
  if (algorithms === undefined) abort('missing_extension', 'certificate request without signature algorithms')
  const outer = messageReader(algorithms)
  const list = messageReader(readVector16(outer))
  outer.end()
  if (list.remaining === 0) abort('decode_error', 'certificate request with no signature algorithm')
  const schemes: number[] = []
  while (list.remaining > 0) schemes.push(list.u16be())
  return schemes
}
