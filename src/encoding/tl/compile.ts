/**
 * Turns the schema's lines into readers and writers: closures composed once, no generated source (a content security
 * policy forbids that).
 *
 * The schema holds no recursive type, so the depth of a value is bounded by the schema itself; `bytes` fields that carry
 * another object are not followed.
 *
 * @module
 */
import type { ByteReader } from '../byte-reader.js'
import type { ByteWriter } from '../byte-writer.js'
import { declarationId, declarationName } from './ids.js'
import { type Codec, encodeError, PRIMITIVES } from './primitives.js'

/** A value under construction or under inspection. */
export type Fields = Record<string, unknown>

/** One declaration, compiled. */
export interface Constructor {
  readonly name: string
  readonly id: number
  readonly className: string
  readonly size: number
  /** Reads the fields into `target`. */
  readonly readInto: (reader: ByteReader, target: Fields) => Fields
  readonly write: (writer: ByteWriter, value: Fields, path: string) => void
}

/** The schema, compiled. */
export interface Schema {
  /** Boxed constructors that may stand alone, by id. */
  readonly byId: ReadonlyMap<number, Constructor>
  /** The same by name. */
  readonly byName: ReadonlyMap<string, Constructor>
}

interface Field {
  readonly key: string
  readonly codec: Codec
  /** Bit that announces the field, as a mask; 0 = always there. */
  readonly mask: number
  /** The field is a flag word: not part of the value. */
  readonly isFlags: boolean
}

/** Compiles declarations that come in any order. */
export function compileSchema(declarations: readonly string[]): Schema {
  const lines = new Map(declarations.map((line) => [declarationName(line) as string, line]))
  const compiled = new Map<string, Constructor>()
  const bareNames = new Set<string>()

  const constructorOf = (name: string): Constructor => {
    let found = compiled.get(name)
    if (found === undefined) compiled.set(name, (found = compileDeclaration(name, lines.get(name)!, codecOf)))
    return found
  }
  const codecOf = (type: string): Codec => {
    const primitive = PRIMITIVES[type]
    if (primitive !== undefined) return primitive
    const item = /^vector<(.+)>$/.exec(type)?.[1]
    if (item !== undefined) return vectorCodec(codecOf(item))
    if (lines.has(type)) {
      bareNames.add(type)
      return bareCodec(constructorOf(type))
    }
    const members = declarations.filter((line) => line.endsWith(` = ${type}`)).map(declarationName)
    return boxedCodec(members.map(constructorOf))
  }

  for (const name of lines.keys()) constructorOf(name)
  const standalone = [...compiled.values()].filter(
    ({ name, className }) => !bareNames.has(name) && className !== 'Bool'
  )
  return {
    byId: new Map(standalone.map((entry) => [entry.id, entry])),
    byName: new Map(standalone.map((entry) => [entry.name, entry]))
  }
}

function compileDeclaration(name: string, line: string, codecOf: (type: string) => Codec): Constructor {
  const [left, className] = line.split(' = ') as [string, string]
  const fields = left
    .split(' ')
    .slice(1)
    .map((text): Field => {
      const [fieldName, type] = text.split(':') as [string, string]
      const optional = /^flags\.(\d+)\?(.+)$/.exec(type)
      return {
        key: fieldName.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        codec: codecOf(optional === null ? type : optional[2]!),
        mask: optional === null ? 0 : 1 << Number(optional[1]),
        isFlags: type === '#'
      }
    })
  return {
    name,
    id: declarationId(line),
    className,
    size: fields.reduce((sum, { codec, mask }) => sum + (mask === 0 ? codec.size : 0), 0),
    readInto: fieldsReader(fields),
    write: fieldsWriter(fields)
  }
}

function fieldsReader(fields: readonly Field[]): Constructor['readInto'] {
  return (reader, target) => {
    let flags = 0
    for (const { key, codec, mask, isFlags } of fields) {
      if (isFlags) flags = reader.i32le()
      else if (mask === 0 || (flags & mask) !== 0) target[key] = codec.read(reader)
    }
    return target
  }
}

function fieldsWriter(fields: readonly Field[]): Constructor['write'] {
  return (writer, value, path) => {
    let flags = 0
    for (const { key, mask } of fields) if (mask !== 0 && value[key] !== undefined) flags |= mask
    for (const { key, codec, mask, isFlags } of fields) {
      if (isFlags) writer.u32le(flags)
      else if (mask === 0 || (flags & mask) !== 0) codec.write(writer, value[key], `${path}.${key}`)
    }
  }
}

function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null) throw encodeError(path, 'an object')
  return value as Fields
}

function bareCodec(entry: Constructor): Codec {
  return {
    size: entry.size,
    read: (reader) => entry.readInto(reader, {}),
    write: (writer, value, path) => entry.write(writer, fieldsOf(value, path), path)
  }
}

function boxedCodec(members: readonly Constructor[]): Codec {
  const byId = new Map(members.map((entry) => [entry.id, entry]))
  const byName = new Map(members.map((entry) => [entry.name, entry]))
  return {
    size: 4 + Math.min(...members.map(({ size }) => size)),
    read: (reader) => readBoxed(reader, byId),
    write: (writer, value, path) => writeBoxed(writer, value, byName, path)
  }
}

function vectorCodec(item: Codec): Codec {
  return {
    size: 4,
    read(reader) {
      const count = reader.i32le()
      // The fewest bytes that so many items take must be there before anything is allocated.
      if (count < 0 || count * item.size > reader.remaining) reader.fail('impossible vector length')
      const items: unknown[] = []
      for (let index = 0; index < count; index++) items.push(item.read(reader))
      return items
    },
    write(writer, value, path) {
      if (!Array.isArray(value) || value.length > 0x7fffffff) throw encodeError(path, 'an array')
      writer.u32le(value.length)
      for (const [index, element] of value.entries()) item.write(writer, element, `${path}[${index}]`)
    }
  }
}

/** Reads an id and the fields of the constructor that it names. */
export function readBoxed(reader: ByteReader, byId: ReadonlyMap<number, Constructor>): Fields {
  const entry = byId.get(reader.u32le())
  if (entry === undefined) return reader.fail('unknown constructor')
  return entry.readInto(reader, { type: entry.name })
}

/** Writes an id and the fields of the constructor that `value.type` names. */
export function writeBoxed(
  writer: ByteWriter,
  value: unknown,
  byName: ReadonlyMap<string, Constructor>,
  path: string
): void {
  const fields = fieldsOf(value, path)
  const entry = byName.get(fields['type'] as string)
  if (entry === undefined) throw encodeError(`${path}.type`, 'a constructor of the schema that fits here')
  writer.u32le(entry.id)
  entry.write(writer, fields, path)
}
