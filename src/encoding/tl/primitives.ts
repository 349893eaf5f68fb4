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

/** A value under construction or under inspection. */
export type Fields = Record<string, unknown>

/** How values of one type are read and written. */
export interface Codec {
  /** The fewest bytes that a value takes. */
  readonly size: number
  /** @param target - Gets the fields of a value that has fields. */
  readonly read: (reader: ByteReader, target?: Fields) => unknown
  /** @param path - What the value is called in errors. */
  readonly write: (writer: ByteWriter, value: unknown, path: string) => void
}

/** The writer's check: its error names the field and what it must be, never its value. */
export function assertType(isRight: boolean, path: string, expected: string): asserts isRight {
  if (isRight) return
  throw new CocoonError('ERR_TL_ENCODE', `${path} must be ${expected}`, { phase: 'encoding', field: path })
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
    read: (reader) => read(reader),
    write(writer, value, path) {
      assertType(accepts(value), path, expected)
      write(writer, value as T)
    }
  }
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array

/**
 * Reads `bytes`. Length forms: one byte below 254; `fe` and 3 bytes; `ff` and 7 bytes. Longer forms than needed and padding
 * that is not zero are accepted, as the reference does. The result is a view.
 */
export function readBytes(reader: ByteReader): Uint8Array {
  let prefix = 1
  let length = reader.u8()
  if (length > 253) {
    const isLong = length === 255
    prefix = isLong ? 8 : 4
    length = reader.u8() + reader.u16le() * 2 ** 8 + (isLong ? reader.u32le() * 2 ** 24 : 0)
  }
  const data = reader.take(length)
  reader.skip(-(prefix + length) & 3)
  return data
}

function writeBytes(writer: ByteWriter, data: Uint8Array): void {
  const { length } = data
  let prefix = 1
  if (length < 254) writer.u8(length)
  else if (length < 2 ** 24) {
    writer.u32le(length * 256 + 254)
    prefix = 4
  } else {
    writer.u32le((length % 2 ** 24) * 256 + 255).u32le(length / 2 ** 24)
    prefix = 8
  }
  writer.bytes(data).zeros(-(prefix + length) & 3)
}

/** Built-in types by their name in the schema. */
export const PRIMITIVES: Readonly<Record<string, Codec>> = /* @__PURE__ */ createPrimitives()

function createPrimitives(): Record<string, Codec> {
  const int = codec(
    4,
    'an integer of 32 bits',
    (value) => typeof value === 'number' && (value | 0) === value,
    (reader) => reader.i32le(),
    (writer, value) => writer.i32le(value)
  )
  return {
    // Of a flag word only the size counts: constructors read and write it themselves.
    '#': int,
    int,
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
      (reader) => {
        const id = reader.u32le()
        return id === TL_IDS.boolTrue || (id !== TL_IDS.boolFalse && reader.fail('not a Bool'))
      },
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
}
