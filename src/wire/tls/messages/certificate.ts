/**
 * Certificate, RFC 8446 §4.4.2.
 *
 * @module
 */
import { abort } from '../alerts.js'
import * as MESSAGE_TYPE from '../code-points/message-types.js'
import { assertAllowed, readExtensions } from './extensions.js'
import { encodeMessage, encodeVector, parse, readItems, readVector24, readVector8 } from './vectors.js'

/** Certificates in one message. The network sends its self-signed leaf alone; more are tolerated and never looked at. */
const MAX_CERTIFICATES = 8

/**
 * Reads the server's certificates and gives back a copy of the leaf's DER. Only the leaf counts: the verdict rests on the
 * evidence in it, not on a chain.
 *
 * @throws TlsError `decode_error` for an empty list, `unsupported_extension` for an entry extension (none was offered),
 *   `bad_certificate` for more than 8 entries, `illegal_parameter` for a context.
 */
export function decodeCertificate(body: Uint8Array): Uint8Array {
  const list = parse(body, (reader) => {
    if (readVector8(reader).length > 0) abort('illegal_parameter', 'certificate context')
    return readVector24(reader)
  })
  const [leaf] = readItems(list, (reader, index) => {
    if (index >= MAX_CERTIFICATES) abort('bad_certificate', 'too many')
    const der = readVector24(reader)
    if (der.length === 0) abort('decode_error', 'empty certificate')
    assertAllowed(readExtensions(reader))
    return der
  })
  return leaf?.slice() ?? abort('decode_error', 'no certificate')
}

/** The client's Certificate message; without a certificate the list is empty (RFC 8446 §4.4.2). */
export function encodeCertificate(chain: readonly Uint8Array[]): Uint8Array {
  const entries = chain.flatMap((der) => [encodeVector(3, der), encodeVector(2)])
  return encodeMessage(MESSAGE_TYPE.certificate, encodeVector(1), encodeVector(3, ...entries))
}
