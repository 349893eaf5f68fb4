/**
 * CertificateVerify, RFC 8446 §4.4.3.
 *
 * @module
 */
import { concatBytes, encodeUtf8 } from '../../../encoding/index.js'
import { MESSAGE_TYPE } from '../constants.js'
import { encodeMessage, encodeNumber, encodeVector, messageReader, readVector16 } from './vectors.js'

/** A signature with its scheme. */
export interface CertificateVerify {
  readonly scheme: number
  readonly signature: Uint8Array
}

/** Reads the message. @throws TlsError `decode_error`. */
export function decodeCertificateVerify(body: Uint8Array): CertificateVerify {
  const reader = messageReader(body)
  const verify = { scheme: reader.u16be(), signature: readVector16(reader) }
  reader.end()
  return verify
}

/** Writes the message. */
export function encodeCertificateVerify(verify: CertificateVerify): Uint8Array {
  return encodeMessage(
    MESSAGE_TYPE.certificateVerify,
    encodeNumber(2, verify.scheme),
    encodeVector(2, verify.signature)
  )
}

/** What the signature covers: 64 spaces, a context that names the signer, a zero, the transcript's hash. */
export function signedContent(signer: 'server' | 'client', transcriptHash: Uint8Array): Uint8Array {
  return concatBytes(
    new Uint8Array(64).fill(0x20),
    encodeUtf8(`TLS 1.3, ${signer} CertificateVerify`),
    Uint8Array.of(0),
    transcriptHash
  )
}
