import { describe, expect, it } from 'vitest'
import {
  countableTokens,
  countTokens,
  MAINNET_SAMPLE_PRICES,
  NO_TOKENS,
  priceTokens,
  UNIT_MULTIPLIERS,
  usageCosts
} from '../../../src/payments/pricing/index.js'

describe('countableTokens', () => {
  it('counts unsigned integers only', () => {
    expect(countableTokens(12)).toBe(12n)
    expect(countableTokens(18_446_744_073_709_551_615n)).toBe(18_446_744_073_709_551_615n)
    for (const value of [1.5, -1, -0, Number.NaN, '12', null, undefined, true, {}, -1n, 1n << 64n, 2 ** 60]) {
      expect(countableTokens(value)).toBe(0n)
    }
  })
})

describe('countTokens', () => {
  it('keeps the maximum of each counter, not the sum', () => {
    const first = countTokens(NO_TOKENS, { usage: { prompt_tokens: 5, completion_tokens: 1 } })
    const second = countTokens(first, { usage: { prompt_tokens: 5, completion_tokens: 7 } })
    const third = countTokens(second, { usage: { prompt_tokens: 2, completion_tokens: 3 } })
    expect(second).toEqual({ prompt: 5n, cached: 0n, completion: 7n, reasoning: 0n })
    expect(third).toBe(second)
  })

  it('reads cached and reasoning tokens from both places', () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 20,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 6 }
    }
    expect(countTokens(NO_TOKENS, { usage })).toEqual({ prompt: 10n, cached: 4n, completion: 20n, reasoning: 6n })
    expect(countTokens(NO_TOKENS, { usage: { reasoning_tokens: 9 } }).reasoning).toBe(9n)
  })

  it('ignores what is not an object with usage', () => {
    for (const value of [
      null,
      3,
      'usage',
      [],
      { usage: null },
      { usage: [] },
      {},
      JSON.parse('{"__proto__":{"usage":{"prompt_tokens":9}}}')
    ]) {
      expect(countTokens(NO_TOKENS, value)).toBe(NO_TOKENS)
    }
  })
})

describe('priceTokens', () => {
  const raw = { prompt: 1200n, cached: 800n, completion: 350n, reasoning: 100n }
  const { multipliers, pricePerTokenNano, workerFeePerTokenNano } = MAINNET_SAMPLE_PRICES

  // pricing.md §6.
  it.each([
    [1000, [400n, 80n, 2000n, 800n], 3280n, 65_600n, 62_320n],
    [1300, [520n, 104n, 2600n, 1040n], 4264n, 85_280n, 81_016n],
    [850, [340n, 68n, 1700n, 680n], 2788n, 55_760n, 52_972n]
  ])('at coefficient %s', (coefficient, [prompt, cached, completion, reasoning], total, cost, fee) => {
    const tokens = priceTokens(raw, coefficient, multipliers)
    expect(tokens).toEqual({ prompt, cached, completion, reasoning, total })
    expect(tokens.total * pricePerTokenNano).toBe(cost)
    expect(tokens.total * workerFeePerTokenNano).toBe(fee)
  })

  it('reproduces what was observed with the reference binaries', () => {
    const tokens = priceTokens({ prompt: 34n, cached: 11n, completion: 100n, reasoning: 10n }, 1500, UNIT_MULTIPLIERS)
    expect(tokens).toEqual({ prompt: 34n, cached: 16n, completion: 135n, reasoning: 15n, total: 200n })
    expect(usageCosts(tokens, 2n)).toEqual({ promptNano: 100n, completionNano: 300n, totalNano: 400n })
  })

  it('does not clamp negative parts', () => {
    expect(priceTokens({ prompt: 1n, cached: 5n, completion: 0n, reasoning: 0n }, 1000, UNIT_MULTIPLIERS).prompt).toBe(
      -4n
    )
  })
})
