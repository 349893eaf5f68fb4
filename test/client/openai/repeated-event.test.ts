/** @module */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createEventRepeater } from '../../../src/client/openai/repeated-event.js'

const event = (content: string, rest = ''): string =>
  `{"id":"c","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}}${rest}}],"created":1}`

/** What a reader does: ask, else parse and learn. Says how often the copy was used. */
function readAll(texts: readonly string[]): { readonly values: unknown[]; readonly copied: number } {
  const repeater = createEventRepeater()
  let copied = 0
  const values = texts.map((text) => {
    const copy = repeater.read(text)
    if (copy !== undefined) {
      copied++
      return copy
    }
    const value: unknown = JSON.parse(text)
    repeater.learn(text)
    return value
  })
  return { values, copied }
}

describe('createEventRepeater', () => {
  test('copies events that differ in their text alone', () => {
    const texts = [event(''), event(' a'), event('ü😀'), event('x'.repeat(5000))]
    const { values, copied } = readAll(texts)
    expect(values).toEqual(texts.map((text) => JSON.parse(text)))
    expect(copied).toBe(3)
  })

  test('gives values that share nothing that can be changed', () => {
    const repeater = createEventRepeater()
    repeater.learn(event('a', ',"logprobs":{"list":[1,{"two":2}]}'))
    const text = event('b', ',"logprobs":{"list":[1,{"two":2}]}')
    const first = repeater.read(text) as { choices: { delta: object; logprobs: { list: unknown[] } }[] }
    Object.assign(first.choices[0]!.delta, { content: 'changed' })
    ;(first.choices[0]!.logprobs.list[1] as { two: number }).two = 3
    first.choices[0]!.logprobs.list.push('more')
    expect(repeater.read(text)).toEqual(JSON.parse(text))
  })

  test.each([
    ['an escape', event('b\n')],
    ['a quote in the text', event('b').replace('"b"', '"b","x":"y"')],
    ['a control character', event('b').replace('"b"', '"b\u0001"')],
    ['other numbers', event('b').replace('"created":1', '"created":2')],
    ['less than its ends', '{"id":"c","choices":[{"index":0,"delta":{"content":"'],
    ['nothing', '']
  ])('leaves %s to JSON.parse', (_, text) => {
    const repeater = createEventRepeater()
    repeater.learn(event('a'))
    expect(repeater.read(event('b'))).toBeDefined()
    expect(repeater.read(text)).toBeUndefined()
  })

  test.each([
    ['a key twice', '{"content":"a","content":"b"}'],
    ['the name inside of a text', '{"role":"content","delta":{"content":"a"}}'],
    ['the name as a whole text', '{"list":["content","a"],"content":"b"}'],
    ['a prototype', '{"__proto__":{"content":"a"},"x":{"__proto__":{"y":1}}}'],
    ['a list at the top', '[{"text":"a"}]'],
    ['reasoning', '{"delta":{"reasoning_content":"a","content":null}}']
  ])('copies %s as it is parsed', (_, text) => {
    const repeater = createEventRepeater()
    repeater.learn(text)
    for (const other of [text, text.replace(/"a"/, '"zz"')]) {
      const copy = repeater.read(other)
      if (copy === undefined) continue
      expect(JSON.stringify(copy)).toBe(JSON.stringify(JSON.parse(other)))
      expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(JSON.parse(other)))
    }
  })

  test('learns nothing from long or deep events, and only so often', () => {
    const repeater = createEventRepeater()
    repeater.learn(event('x'.repeat(3000)))
    expect(repeater.read(event('a'))).toBeUndefined()
    repeater.learn(`${'['.repeat(100_000)}{"text":"a"}${']'.repeat(100_000)}`)
    for (let index = 0; index < 16; index++) repeater.learn(`{"n":${index},"text":"a"}`)
    repeater.learn('{"n":16,"text":"a"}')
    expect(repeater.read('{"n":15,"text":"b"}')).toEqual({ n: 15, text: 'b' })
    expect(repeater.read('{"n":16,"text":"b"}')).toBeUndefined()
  })

  test('gives what JSON.parse gives, whatever comes', () => {
    const key = fc.oneof(fc.constantFrom('content', 'text', '__proto__', 'cocoonkit:text', 'delta'), fc.string())
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.constantFrom('content', 'cocoonkit:text', '":"', '\\"content\\":\\"'),
        fc.integer(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 })
      )
    }))
    const shape = fc.record({ content: fc.string(), rest: value, text: fc.option(fc.string()) })
    const property = fc.property(
      fc.array(shape, { maxLength: 3 }),
      fc.array(fc.string(), { maxLength: 6 }),
      (shapes, strings) => {
        const texts = shapes.flatMap((each) => [
          JSON.stringify(each),
          ...strings.map((content) => JSON.stringify({ ...each, content }))
        ])
        expect(JSON.stringify(readAll(texts).values)).toBe(JSON.stringify(texts.map((text) => JSON.parse(text))))
      }
    )
    fc.assert(property, { numRuns: Number(process.env['FC_NUM_RUNS'] ?? 300) })
  })
})
