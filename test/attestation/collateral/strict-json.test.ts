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
    `${'['.repeat(40)}${']'.repeat(40)}`
  ])('refuses %j', (text) => {
    expect(refused(() => parseStrictJson(text))).toBe(true)
  })

  it('gives objects no prototype to collide with', () => {
    const value = parseStrictJson('{"__proto__":{"id":"TDX"},"constructor":1}') as Record<string, unknown>
    expect(Object.getPrototypeOf(value)).toBeNull()
    expect(value['id']).toBeUndefined()
  })

  it('cuts out members as they stand', () => {
    const members = sourceOfMembers(' { "a" : {"x": [1, 2]} , "b":"\\u0041" } ')
    expect([...members]).toEqual([
      ['a', '{"x": [1, 2]}'],
      ['b', '"\\u0041"']
    ])
    for (const bad of ['[]', '"a"', '{"a":1,"a":2}', '{"a":1} x'])
      expect(refused(() => sourceOfMembers(bad))).toBe(true)
  })

  it('takes linear time on long input', () => {
    const text = `[${'"x",'.repeat(100_000)}1]`
    expect((parseStrictJson(text) as unknown[]).length).toBe(100_001)
    expect(refused(() => parseStrictJson('{"a":'.repeat(100_000)))).toBe(true)
    const long = 'ab\\n'.repeat(500_000)
    expect(parseStrictJson(`"${long}"`)).toBe(long.replaceAll('\\n', '\n'))
    expect(refused(() => parseStrictJson(`"${'a'.repeat(5_000_000)}"`))).toBe(true)
  })
})
