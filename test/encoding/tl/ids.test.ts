import { expect, test } from 'vitest'
import { crc32, declarationId, declarationName, normaliseDeclaration } from '../../../src/encoding/tl/ids.js'
import { TL_IDS } from '../../../src/encoding/tl/index.js'
import { DECLARATIONS } from '../../../src/encoding/tl/schema.js'
import vectors from '../../vectors/tl.json' with { type: 'json' }

const hex = (id: number): string => id.toString(16).padStart(8, '0')

test('the table of wire.md §7 and the schema name the same constructors', () => {
  expect(Object.keys(TL_IDS).toSorted()).toEqual(vectors.ids.map(({ name }) => name).toSorted())
})

test.each(vectors.ids)('$name = $id', ({ name, id, wire, explicit }) => {
  const line = DECLARATIONS.find((text) => declarationName(text) === name)!
  expect(hex(TL_IDS[name as keyof typeof TL_IDS])).toBe(id)
  expect(id.match(/../g)!.toReversed().join('')).toBe(wire)
  // Only the explicit ones and the pinned one state an id; all others are computed from their text.
  expect(/#[0-9a-f]{8} /.test(line)).toBe(explicit || name === 'client.runQueryEx')
})

test('the pinned id is that of the text without public_key', () => {
  const line = DECLARATIONS.find((text) => text.startsWith('client.runQueryEx'))!
  expect(hex(declarationId(line))).toBe('f54cb74b')
  expect(hex(crc32(normaliseDeclaration(line)))).toBe('2a223a90')
  expect(hex(crc32(normaliseDeclaration(line).replace(' public_key:flags.1?int256', '')))).toBe('f54cb74b')
})

test('CRC-32 of the check string', () => expect(hex(crc32('123456789'))).toBe('cbf43926'))
