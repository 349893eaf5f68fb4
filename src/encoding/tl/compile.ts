/**
 * Turns the schema's lines into readers and writers: closures composed once, no generated source (a content security
 * policy forbids that).
 *
 * The schema holds no recursive type, so the depth of a value is bounded by the schema itself; `bytes` fields that carry
 * another object are not followed.
 *
 * @module
 */
import { declarationId, declarationName } from './ids.js'
import { assertType, type Codec, type Fields, PRIMITIVES } from './primitives.js'

/** One declaration, compiled: the codec of its bare value. */
interface Constructor extends Codec {
  readonly name: string
  readonly id: number
}

/** A field: its key in values, its codec, the bit that announces it as a mask (0: always there), whether it is the flag word. */
type Field = readonly [key: string, codec: Codec, mask: number, isFlags: boolean]

/** Compiles declarations that come in any order. @returns the codec of everything that may stand alone, with its id. */
export function compileSchema(declarations: readonly string[]): Codec {
  const lines = new Map(declarations.map((line) => [declarationName(line) as string, line]))
  const compiled = new Map<string, Constructor>()
  const bareNames = new Set(['boolTrue', 'boolFalse'])

  const constructorOf = (name: string): Constructor => {
    let found = compiled.get(name)
    if (found === undefined) compiled.set(name, (found = compileDeclaration(name, lines.get(name)!, codecOf)))
    return found
  }
  const codecOf = (type: string): Codec => {
    const item = /^vector<(.+)>$/.exec(type)?.[1]
    if (item !== undefined) return vectorCodec(codecOf(item))
    if (!lines.has(type)) return PRIMITIVES[type] ?? boxedCodec(membersOf(type))
    bareNames.add(type)
    return constructorOf(type)
  }
  const membersOf = (className: string): Constructor[] =>
    declarations.filter((line) => line.endsWith(` = ${className}`)).map((line) => constructorOf(declarationName(line)))

  for (const name of lines.keys()) constructorOf(name)
  return boxedCodec([...compiled.values()].filter(({ name }) => !bareNames.has(name)))
}

function compileDeclaration(name: string, line: string, codecOf: (type: string) => Codec): Constructor {
  const [, ...texts] = line.split(' = ')[0]!.split(' ')
  const fields = texts.map((text): Field => {
    const [fieldName, type] = text.split(':') as [string, string]
    const [, bit, inner] = /^flags\.(\d+)\?(.+)$/.exec(type) ?? []
    const key = fieldName.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    return [key, codecOf(inner ?? type), bit === undefined ? 0 : 1 << Number(bit), type === '#']
  })
  return {
    name,
    id: declarationId(line),
    size: fields.reduce((sum, [, { size }, mask]) => sum + (mask === 0 ? size : 0), 0),
    read(reader, target = {}) {
      let flags = 0
      for (const [key, codec, mask, isFlags] of fields) {
        if (isFlags) flags = reader.i32le()
        else if (mask === 0 || (flags & mask) !== 0) target[key] = codec.read(reader)
      }
      return target
    },
    write(writer, value, path) {
      assertType(isObject(value), path, 'an object')
      let flags = 0
      for (const [key, , mask] of fields) if (mask !== 0 && value[key] !== undefined) flags |= mask
      for (const [key, codec, mask, isFlags] of fields) {
        if (isFlags) writer.i32le(flags)
        else if (mask === 0 || (flags & mask) !== 0) codec.write(writer, value[key], `${path}.${key}`)
      }
    }
  }
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** An id and the fields of the constructor that it names. */
function boxedCodec(members: readonly Constructor[]): Codec {
  const byId = new Map(members.map((entry) => [entry.id, entry]))
  const byName = new Map<unknown, Constructor>(members.map((entry) => [entry.name, entry]))
  return {
    size: 4 + Math.min(...members.map(({ size }) => size)),
    read(reader) {
      const entry = byId.get(reader.u32le()) ?? reader.fail('unknown constructor')
      return entry.read(reader, { type: entry.name })
    },
    write(writer, value, path) {
      assertType(isObject(value), path, 'an object')
      const entry = byName.get(value['type'])
      assertType(entry !== undefined, `${path}.type`, 'a constructor of the schema that fits here')
      entry.write(writer.u32le(entry.id), value, path)
    }
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
      assertType(Array.isArray(value) && value.length < 2 ** 31, path, 'an array')
      writer.u32le(value.length)
      for (const [index, element] of value.entries()) item.write(writer, element, `${path}[${index}]`)
    }
  }
}
