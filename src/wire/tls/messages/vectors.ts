/**
 * The presentation language of RFC 8446 §3: big-endian numbers and length-prefixed vectors.
 *
 * @module
 */
import { ByteReader, concatBytes } from '../../../encoding/index.js'
import { TlsError } from '../alerts.js'

/** Reads a message body; a read past the end and {@link ByteReader.end} before it raise `decode_error`. */
export function messageReader(bytes: Uint8Array): ByteReader {
  return new ByteReader(
    bytes,
    (message) => new TlsError(`malformed message: ${message}`, { alertSent: 'decode_error' })
  )
}

/** Reads `opaque<0..2^8-1>`. */
export function readVector8(reader: ByteReader): Uint8Array {
  return reader.take(reader.u8())
}

/** Reads `opaque<0..2^16-1>`. */
export function readVector16(reader: ByteReader): Uint8Array {
  return reader.take(reader.u16be())
}

/** Reads `opaque<0..2^24-1>`. */
export function readVector24(reader: ByteReader): Uint8Array {
  return reader.take(reader.u24be())
}

/** A number of one to four bytes. */
export function encodeNumber(lengthBytes: 1 | 2 | 3 | 4, value: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes)
  for (let index = lengthBytes - 1, rest = value; index >= 0; index--, rest >>>= 8) bytes[index] = rest & 0xff
  return bytes
}

/** The parts joined, after their length. */
export function encodeVector(lengthBytes: 1 | 2 | 3, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts)
  return concatBytes(encodeNumber(lengthBytes, content.length), content)
}

/** A handshake message: `type u8 · length u24 · body`. */
export function encodeMessage(type: number, ...body: readonly Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(type), encodeVector(3, ...body))
}
