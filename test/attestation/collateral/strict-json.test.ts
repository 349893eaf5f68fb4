import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStrictJson, sourceOfMembers } from '../../../src/attestation/collateral/strict-json.js'
import { CocoonError } from '../../../src/errors.js'

function refused(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch (error) {
    return CocoonError.is(error, 'ERR_ENCODING')
  }
}

describe('parseStrictJson', () => {
  it('agrees with JSON.parse on everything that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(JSON.stringify(parseStrictJson(text))).toBe(JSON.stringify(JSON.parse(text)))
      }),
      { numRuns: 200 }
    )
  })

  it.each([
    '',
    ' ',
    '{',
    '[',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '01',
    '1.',
    '.5',
    '+1',
    '- 1',
    'NaN',
    'tru',
    'nul',
    '"\u0000"',
    '"\\x"',
    '"\\u12"',
    '{"a":1}{"b":2}',
    '[1] 2',
    '{"a":1,"a":1}',
    '{"a":{"b":1,"\\u0062":2}}',
    '\ufeff{}',
    '\u00a0{}',
    '[1\u000b]',
    '{"a":1,"b":2,"a" \n:3}',
    '[{"a":[],"a":[]}]',
    '{"a":"\\","a":1}',
    '"a":1',
    '{"a"}',
    '{1:2}',
    '{"a":}',
    '[}',
    '{"\\x":1}',
    `${'['.repeat(40)}${']'.repeat(40)}`
  ])('refuses %j', (text) => {
    expect(refused(() => parseStrictJson(text))).toBe(true)
  })

  it('gives objects no prototype to collide with', () => {
    const value = parseStrictJson('{"__proto__":{"id":"TDX"},"constructor":1}') as Record<string, unknown>
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(value['id']).toBeUndefined()
  })

  it('takes the same name in different objects, and names that are values', () => {
    const text = '{"a":{"a":["a",{"a":"a"}]},"b":[{"a":1},{"a":2}],"c":"\\"a\\":1,","d":"]}"}'
    expect(JSON.stringify(parseStrictJson(text))).toBe(text)
  })

  it('finds every member that occurs twice, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.string(),
        fc.nat(),
        fc.constantFrom(undefined, 1),
        (value, name, at, indent) => {
          const text = JSON.stringify({ v: value, [`x${name}`]: [{}] }, null, indent)
          const places = [...text.matchAll(/\{/g)].map(({ index }) => index + 1)
          const place = places[at % places.length] ?? 1
          const key = JSON.stringify(name)
          const rest = /^\s*\}/.test(text.slice(place)) ? '' : ','
          const double = `${text.slice(0, place)}${key}:1,${key} :[2]${rest}${text.slice(place)}`
          // In a string the places are text: then it still parses, and only then.
          const inString = (text.slice(0, place).match(/(?<!\\)(?:\\\\)*"/g)?.length ?? 0) % 2 === 1
          fc.pre(!inString)
          expect(JSON.parse(double)).toBeDefined()
          expect(refused(() => parseStrictJson(double))).toBe(true)
        }
      ),
      { numRuns: 300 }
    )
  })

  it('cuts out members as they stand', () => {
    const members = sourceOfMembers(' { "a" : {"x": [1, 2]} , "b":"\\u0041" } ')
    expect([...members]).toEqual([
      ['a', '{"x": [1, 2]}'],
      ['b', '"\\u0041"']
    ])
    expect([...sourceOfMembers('{"a":[{"b":1,"c":[2,3]},"}"] ,"\\u0062": 4\n,"d":{}}')]).toEqual([
      ['a', '[{"b":1,"c":[2,3]},"}"]'],
      ['b', '4'],
      ['d', '{}']
    ])
    expect([...sourceOfMembers(' {} ')]).toEqual([])
    for (const bad of ['[]', '"a"', '{"a":1,"a":2}', '{"a":1} x'])
      expect(refused(() => sourceOfMembers(bad))).toBe(true)
  })

  it('takes linear time on long input', () => {
    const text = `[${'"x",'.repeat(100_000)}1]`
    expect((parseStrictJson(text) as unknown[]).length).toBe(100_001)
    expect(refused(() => parseStrictJson('{"a":'.repeat(100_000)))).toBe(true)
    expect(refused(() => parseStrictJson('"' + '\\"'.repeat(2_000_000)))).toBe(true)
    expect(refused(() => parseStrictJson('"" '.repeat(1_000_000)))).toBe(true)
    expect(refused(() => parseStrictJson(`""${' '.repeat(4_000_000)}""`))).toBe(true)
    expect(refused(() => parseStrictJson('['.repeat(4_000_000)))).toBe(true)
    const long = 'ab\\n'.repeat(500_000)
    expect(parseStrictJson(`"${long}"`)).toBe(long.replaceAll('\\n', '\n'))
    expect(refused(() => parseStrictJson(`"${'a'.repeat(5_000_000)}"`))).toBe(true)
  })
})
