/**
 * Codecs of the built-in TL types (protocol/wire.md §6). All numbers are little-endian.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { ByteReader } from '../byte-reader.js'
import type { ByteWriter } from '../byte-writer.js'
import { decodeUtf8, encodeUtf8 } from '../utf8.js'
import { TL_IDS } from './ids.js'

/** How values of one type are read and written; `size` is the fewest bytes that a value takes. */
export interface Codec {
  readonly read: (reader: ByteReader) => unknown
  readonly write: (writer: ByteWriter, value: unknown, path: string) => void
  readonly size: number
}

/** Error of the writer: names the field and what it must be, never its value. */
export function encodeError(path: string, expected: string): CocoonError {
  return new CocoonError('ERR_TL_ENCODE', `${path} must be ${expected}`, { phase: 'encoding', field: path })
}

function codec<T>(
  size: number,
  expected: string,
  accepts: (value: unknown) => boolean,
  read: (reader: ByteReader) => T,
  write: (writer: ByteWriter, value: T) => void
): Codec {
  return {
    size,
    read,
    write(writer, value, path) {
      if (!accepts(value)) throw encodeError(path, expected)
      write(writer, value as T)
    }
  }
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array

/**
 * Length forms: one byte below 254; `fe` and 3 bytes; `ff` and 7 bytes. Longer forms than needed and padding that is not
 * zero are accepted, as the reference does.
 */
function readBytes(reader: ByteReader): Uint8Array {
  const first = reader.u8()
  let prefix = 1
  let length = first
  if (first >= 254) {
    const low = reader.u8() | (reader.u8() << 8) | (reader.u8() << 16)
    prefix = 4
    length = low
    if (first === 255) {
      prefix = 8
      length = low + reader.u32le() * 0x1000000
    }
  }
  const data = reader.take(length)
  reader.skip(-(prefix + length) & 3)
  return data
}

function writeBytes(writer: ByteWriter, data: Uint8Array): void {
  const length = data.length
  let prefix = 1
  if (length < 254) writer.u8(length)
  else if (length < 0x1000000) {
    writer.u32le(length * 256 + 254)
    prefix = 4
  } else {
    writer.u32le((length % 0x1000000) * 256 + 255).u32le(Math.floor(length / 0x1000000))
    prefix = 8
  }
  writer.bytes(data).zeros(-(prefix + length) & 3)
}

function readBool(reader: ByteReader): boolean {
  const id = reader.u32le()
  if (id === TL_IDS.boolTrue) return true
  if (id !== TL_IDS.boolFalse) reader.fail('not a Bool')
  return false
}

/** Built-in types by their name in the schema. */
export const PRIMITIVES: Readonly<Record<string, Codec>> = {
  '#': codec(
    4,
    'flags',
    () => true,
    (reader) => reader.u32le(),
    (writer, value) => writer.u32le(value)
  ),
  int: codec(
    4,
    'an integer of 32 bits',
    (value) => typeof value === 'number' && (value | 0) === value,
    (reader) => reader.i32le(),
    (writer, value) => writer.i32le(value)
  ),
  long: codec(
    8,
    'a bigint of 64 bits',
    (value) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
    (reader) => reader.i64le(),
    (writer, value) => writer.i64le(value)
  ),
  double: codec(
    8,
    'a number',
    (value) => typeof value === 'number',
    (reader) => reader.f64le(),
    (writer, value) => writer.f64le(value)
  ),
  Bool: codec(
    4,
    'a boolean',
    (value) => typeof value === 'boolean',
    readBool,
    (writer, value) => writer.u32le(value ? TL_IDS.boolTrue : TL_IDS.boolFalse)
  ),
  string: codec(
    4,
    'a string',
    (value) => typeof value === 'string',
    (reader) => decodeUtf8(readBytes(reader)),
    (writer, value) => writeBytes(writer, encodeUtf8(value))
  ),
  bytes: codec(4, 'a Uint8Array', isBytes, readBytes, writeBytes),
  int256: codec(
    32,
    'a Uint8Array of 32 bytes',
    (value) => isBytes(value) && value.length === 32,
    (reader) => reader.take(32),
    (writer, value) => writer.bytes(value)
  )
}
