import { describe, expect, test } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { AnswerParts } from '../../../src/wire/session/answer-parts.js'
import { failure } from './support/scripted-proxy.js'

function queue() {
  const seen = { weight: 0, heaviest: 0, abandoned: 0, done: 0 }
  const parts = new AnswerParts({
    onWeight: (delta) => {
      seen.weight += delta
      seen.heaviest = Math.max(seen.heaviest, seen.weight)
    },
    onAbandoned: () => seen.abandoned++,
    onDone: () => seen.done++
  })
  return { parts, seen }
}

const error = new CocoonError('ERR_CONNECTION_LOST', 'gone', { phase: 'stream' })
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

async function collect(parts: AsyncIterable<Uint8Array>): Promise<number[]> {
  const out: number[] = []
  for await (const part of parts) for (const byte of part) out.push(byte)
  return out
}

describe('AnswerParts', () => {
  test('keeps parts and their order; empty ones vanish; done once', async () => {
    const { parts, seen } = queue()
    parts.push(bytes(1))
    parts.push(bytes())
    parts.push(bytes(2, 3))
    parts.end()
    parts.push(bytes(4))
    const got: Uint8Array[] = []
    for await (const part of parts) got.push(part)
    expect(got).toEqual([bytes(1), bytes(2, 3)])
    expect(seen).toMatchObject({ weight: 0, done: 1, abandoned: 0 })
    expect(await parts.next()).toEqual({ done: true, value: undefined })
  })

  test('serves readers that wait, several at once', async () => {
    const { parts, seen } = queue()
    const reads = [parts.next(), parts.next(), parts.next()]
    parts.push(bytes(1))
    parts.push(bytes(2))
    parts.end()
    expect(await Promise.all(reads)).toEqual([
      { done: false, value: bytes(1) },
      { done: false, value: bytes(2) },
      { done: true, value: undefined }
    ])
    expect(seen).toMatchObject({ heaviest: 0, done: 1 })
  })

  test('an error comes after what waits, once', async () => {
    const { parts } = queue()
    parts.push(bytes(1))
    parts.fail(error)
    expect((await parts.next()).value).toEqual(bytes(1))
    expect(await failure(parts.next())).toBe(error)
    expect((await parts.next()).done).toBe(true)
  })

  test('an abort drops what waits', async () => {
    const { parts, seen } = queue()
    parts.push(bytes(1))
    parts.abort(error)
    expect(seen.weight).toBe(0)
    expect(await failure(parts.next())).toBe(error)
  })

  test('can be read once; giving up is told', async () => {
    const { parts, seen } = queue()
    parts.push(bytes(1))
    parts.push(bytes(2))
    for await (const part of parts) {
      expect(part).toEqual(bytes(1))
      break
    }
    expect(seen).toMatchObject({ abandoned: 1, done: 1, weight: 0 })
    expect(await failure(collect(parts))).toMatchObject({ code: 'ERR_OPTIONS' })
  })

  test('a million tiny parts: in order, linear, little more than their bytes', async () => {
    const { parts, seen } = queue()
    const count = 1_000_000
    const startedMs = performance.now()
    for (let index = 0; index < count; index++) parts.push(bytes(index & 0xff))
    parts.end()
    expect(seen.heaviest).toBeLessThan(count + 32 * 128 + (count / 8192 + 1) * 64)
    const got = await collect(parts)
    expect(performance.now() - startedMs).toBeLessThan(15_000)
    expect(got).toHaveLength(count)
    expect(got.every((byte, index) => byte === (index & 0xff))).toBe(true)
    expect(seen.weight).toBe(0)
  })

  test('joining never mixes up what interleaved reads see', async () => {
    const { parts } = queue()
    const got: number[] = []
    let next = 0
    for (let round = 0; round < 400; round++) {
      for (let index = 0; index < 50; index++) {
        const size = index % 7 === 0 ? 3000 : 3
        parts.push(new Uint8Array(size).fill(next++ & 0xff))
      }
      for (let index = 0; index < 30 && parts.weight > 0; index++) {
        const { value } = await parts.next()
        if (value !== undefined) for (const byte of value) got.push(byte)
      }
    }
    parts.end()
    got.push(...(await collect(parts)))
    const expected: number[] = []
    for (let part = 0; part < next; part++) {
      const size = (part % 50) % 7 === 0 ? 3000 : 3
      for (let index = 0; index < size; index++) expected.push(part & 0xff)
    }
    expect(Buffer.from(got).equals(Buffer.from(expected))).toBe(true)
  })
})
