/**
 * TL: the binary language between client and proxy, typed by the schema's text.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { ByteReader, type ReadErrorFactory } from '../byte-reader.js'
import { ByteWriter } from '../byte-writer.js'
import { compileSchema } from './compile.js'
import type { Codec } from './primitives.js'
import { DECLARATIONS } from './schema.js'
import type { TlObject } from './types.js'

export { TL_IDS } from './ids.js'
export { readBytes as readTlBytes } from './primitives.js'
export type { TlObject, TlObjectName, TlValue } from './types.js'

let compiled: Codec | undefined
const schema = (): Codec => (compiled ??= compileSchema(DECLARATIONS))

const decodeError: ReadErrorFactory = (message, offset) =>
  new CocoonError('ERR_TL_DECODE', `TL: ${message} at byte ${offset}`, { phase: 'encoding' })

/**
 * One boxed object (id, then fields) as bytes. Flag words are derived: a bit is set when one of its fields is not
 * `undefined`, and then every field of that bit must be given.
 *
 * @throws CocoonError `ERR_TL_ENCODE` for an unknown `type` or a value out of its field's range; names the field.
 */
export function encodeTl(object: TlObject): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  schema().write(writer, object, (object as { type?: unknown } | null)?.type as string)
  return writer.finish()
}

/**
 * One boxed object from exactly these bytes. Byte fields of the result are views: they share memory with `bytes`, which
 * must not be changed as long as the result is used. Strings that are not UTF-8 get U+FFFD. Flag bits that the schema
 * does not know are ignored and lost. A lower-case (bare) value inside has no `type`.
 *
 * @throws CocoonError `ERR_TL_DECODE`: unknown constructor, truncated, trailing bytes, impossible count.
 */
export function decodeTl(bytes: Uint8Array): TlObject {
  const reader = new ByteReader(bytes, decodeError)
  const object = schema().read(reader)
  reader.end()
  return object as TlObject
}
