import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CocoonError } from '../../../src/errors.js'
import { adjust } from '../../../src/payments/pricing/index.js'

describe('adjust', () => {
  // pricing.md §2, verified there with the C++ function compiled from the header.
  it.each([
    [90n, 1500, 10_000, 135n],
    [11n, 1500, 10_000, 16n],
    [7n, 1000, 1000, 0n],
    [1000n, 1009, 10_000, 1009n],
    [15_375n, 1055, 80_000, 129_764n],
    [3048n, 4000, 10_000, 12_192n]
  ])('adjust(%s, %s, %s) = %s', (tokens, coefficient, multiplier, expected) => {
    expect(adjust(tokens, coefficient, multiplier)).toBe(expected)
  })

  it('truncates toward zero on both sides', () => {
    expect(adjust(-11n, 1500, 10_000)).toBe(-16n)
  })

  it('takes an unlimited coefficient of the wire (-1) as the network does', () => {
    expect(adjust(1000n, -1, 10_000)).toBe(-1n)
  })

  it('differs from exact integers by at most one token below 2^31', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 100_000 }),
        (t, c, m) => {
          const exact = (BigInt(t) * BigInt(c) * BigInt(m)) / 10_000_000n
          const difference = adjust(BigInt(t), c, m) - exact
          expect(difference >= -1n && difference <= 1n).toBe(true)
        }
      )
    )
  })

  it('refuses factors that are not finite', () => {
    for (const factor of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => adjust(1n, factor, 10_000)).toThrow(CocoonError)
      expect(() => adjust(1n, 1000, factor)).toThrow(CocoonError)
    }
  })
})
