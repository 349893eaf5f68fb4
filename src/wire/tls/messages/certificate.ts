/**
 * Certificate, RFC 8446 §4.4.2.
 *
 * @module
 */
import { abort } from '../alerts.js'
import { MESSAGE_TYPE } from '../constants.js'
import { readExtensions } from './extensions.js'
import { encodeMessage, encodeVector, messageReader, readVector24, readVector8 } from './vectors.js'

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
  const reader = messageReader(body)
  if (readVector8(reader).length > 0) abort('illegal_parameter', 'server certificate with a context')
  const list = messageReader(readVector24(reader))
  reader.end()
  if (list.remaining === 0) abort('decode_error', 'the server sent no certificate')
  let leaf: Uint8Array | undefined
  for (let count = 1; list.remaining > 0; count++) {
    if (count > MAX_CERTIFICATES) abort('bad_certificate', 'too many certificates')
    const der = readVector24(list)
    if (der.length === 0) abort('decode_error', 'an empty certificate')
    readExtensions(list, [])
    leaf ??= der.slice()
  }
  return leaf!
}

/** The client's Certificate message; without a certificate the list is empty (RFC 8446 §4.4.2). */
export function encodeCertificate(chain: readonly Uint8Array[]): Uint8Array {
  const entries = chain.flatMap((der) => [encodeVector(3, der), encodeVector(2)])
  return encodeMessage(MESSAGE_TYPE.certificate, encodeVector(1), encodeVector(3, ...entries))
}
