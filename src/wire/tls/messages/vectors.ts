/**
 * The presentation language of RFC 8446 §3: big-endian numbers and length-prefixed vectors.
 *
 * @module
 */
import { ByteReader, concatBytes } from '../../../encoding/index.js'
import { TlsError } from '../alerts.js'

/**
 * Reads a message body to its end with `read`; a read past the end, and bytes that are left over, raise `decode_error`.
 */
export function parse<T>(bytes: Uint8Array, read: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes, (message) => new TlsError(`TLS: ${message}`, { alertSent: 'decode_error' }))
  const value = read(reader)
  reader.end()
  return value
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

/** Reads items until nothing is left of a vector. */
export function readItems<T>(vector: Uint8Array, read: (reader: ByteReader, index: number) => T): T[] {
  return parse(vector, (reader) => {
    const items: T[] = []
    while (reader.remaining > 0) items.push(read(reader, items.length))
    return items
  })
}

/** A number of one to four bytes. */
export function encodeNumber(lengthBytes: 1 | 2 | 3 | 4, value: number): Uint8Array {
  return Uint8Array.of(value >> 24, value >> 16, value >> 8, value).subarray(4 - lengthBytes)
}

/** A number of two bytes. */
export function encodeU16(value: number): Uint8Array {
  return encodeNumber(2, value)
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
