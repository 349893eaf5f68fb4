import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { hexToBytes } from '../../../src/encoding/index.js'
import { decodeTl, encodeTl } from '../../../src/encoding/tl/index.js'
import vectors from '../../vectors/tl.json' with { type: 'json' }

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 2000)
const seeds = vectors.examples.map(({ hex }) => hexToBytes(hex))

/** Decodes, or fails with our error; what decodes must encode again and then be stable. */
function probe(bytes: Uint8Array): void {
  let object
  try {
    object = decodeTl(bytes)
  } catch (error) {
    expect(CocoonError.is(error, 'ERR_TL_DECODE')).toBe(true)
    return
  }
  const again = encodeTl(object)
  expect(encodeTl(decodeTl(again))).toEqual(again)
}

test('mutated examples', () => {
  const mutation = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(mutation, { minLength: 1, maxLength: 6 }),
      fc.nat(40),
      (seed, mutations, cut) => {
        const bytes = seed.slice(0, Math.max(4, seed.length - (cut > 30 ? cut - 30 : 0)))
        for (const [at, value] of mutations) bytes[at % bytes.length] = value
        probe(bytes)
      }
    ),
    { numRuns }
  )
})

test('a known constructor with arbitrary fields', () => {
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.uint8Array({ maxLength: 200 }), (seed, tail) => {
      const bytes = new Uint8Array(4 + tail.length)
      bytes.set(seed.subarray(0, 4))
      bytes.set(tail, 4)
      probe(bytes)
    }),
    { numRuns }
  )
})

test('every prefix of every example is refused', () => {
  for (const seed of seeds) {
    for (let length = 0; length < seed.length; length++) {
      expect(() => decodeTl(seed.subarray(0, length))).toThrow(CocoonError)
    }
  }
})
