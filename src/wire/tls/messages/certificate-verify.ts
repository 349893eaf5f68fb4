/**
 * CertificateVerify, RFC 8446 §4.4.3.
 *
 * @module
 */
import { concatBytes, encodeUtf8 } from '../../../encoding/index.js'
import * as MESSAGE_TYPE from '../code-points/message-types.js'
import { encodeMessage, encodeU16, encodeVector, parse, readVector16 } from './vectors.js'

/** A signature with its scheme. */
export interface CertificateVerify {
  readonly scheme: number
  readonly signature: Uint8Array
}

/** Reads the message. @throws TlsError `decode_error`. */
export function decodeCertificateVerify(body: Uint8Array): CertificateVerify {
  return parse(body, (reader) => ({ scheme: reader.u16be(), signature: readVector16(reader) }))
}

/** Writes the message. */
export function encodeCertificateVerify({ scheme, signature }: CertificateVerify): Uint8Array {
  return encodeMessage(MESSAGE_TYPE.certificateVerify, encodeU16(scheme), encodeVector(2, signature))
}

/** What the signature covers: 64 spaces, a context that names the signer, a zero, the transcript's hash. */
export function signedContent(signer: 'server' | 'client', transcriptHash: Uint8Array): Uint8Array {
  return concatBytes(
    new Uint8Array(64).fill(0x20),
    encodeUtf8(`TLS 1.3, ${signer} CertificateVerify\0`),
    transcriptHash
  )
}
