/**
 * What a request will cost, before it is sent: the most that it can, and what is to be expected. Pure arithmetic.
 *
 * Source: pricing.md §2–4. The most assumes the dearest class for every token and the highest coefficient that the request
 * allows; a worker may change its coefficient between a quote and a call, the allowed one it may not exceed.
 *
 * @module
 */
import { adjust } from './adjust.js'
import { reservationTokens } from './balance.js'
import type { RequestSize } from './request-size.js'
import type { TokenPrices } from './token-counts.js'

/** What a quote is made from. */
export interface QuoteInput {
  readonly size: RequestSize
  readonly prices: TokenPrices
  /** Highest coefficient that the request allows, 1/1000. */
  readonly maxCoefficient: number
  /** Coefficients of the workers that could serve it now, 1/1000; empty when the market is not known. */
  readonly liveCoefficients: readonly number[]
  /** Tokens that the proxy is asked to reserve (TL `max_tokens`). */
  readonly reservedTokens: number
  /** Length of TL `query`, bytes. */
  readonly queryBytes: number
  /** Completion tokens to expect; default a half of the limit, or 500 without one. */
  readonly expectedCompletionTokens?: number | undefined
}

/** A quote. */
export interface Quote {
  /** Most that the network may charge, nanotons; `undefined` when nothing bounds it, see `unboundedBy`. */
  readonly maxNano: bigint | undefined
  /** Why there is no most. */
  readonly unboundedBy: string | undefined
  readonly expectedNano: bigint
  /** Adjusted tokens that the proxy sets aside while the request runs. Not a limit of what it costs. */
  readonly reservationTokens: bigint
  /** What was taken for granted, for people. */
  readonly assumptions: readonly string[]
}

/** Doubles may round each class the other way on another machine (gaps.md C13). */
const ROUNDING_TOKENS = 4n
const EXPECTED_COMPLETION = 500

function median(numbers: readonly number[]): number | undefined {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

function unbounded({ promptTokensMax, completionTokensMax }: RequestSize): string | undefined {
  if (completionTokensMax === undefined) return 'max_tokens is not set: the answer may be as long as the model allows'
  if (promptTokensMax === undefined) return 'a part of the request is not text: its tokens cannot be bounded'
  return undefined
}

/** Makes a quote. @throws CocoonError `ERR_OPTIONS` for factors that are no finite numbers. */
export function makeQuote(input: QuoteInput): Quote {
  const { size, prices, maxCoefficient, reservedTokens, queryBytes } = input
  const { multipliers, pricePerTokenNano } = prices
  const nano = (prompt: number, completion: number, coefficient: number, worst: boolean): bigint => {
    const promptMultiplier = worst ? Math.max(multipliers.prompt, multipliers.cached) : multipliers.prompt
    const answerMultiplier = worst ? Math.max(multipliers.completion, multipliers.reasoning) : multipliers.completion
    const tokens =
      adjust(BigInt(prompt), coefficient, promptMultiplier) + adjust(BigInt(completion), coefficient, answerMultiplier)
    return (tokens + (worst ? ROUNDING_TOKENS : 0n)) * pricePerTokenNano
  }
  const unboundedBy = unbounded(size)
  const allowed = input.liveCoefficients.filter((coefficient) => coefficient <= maxCoefficient)
  const coefficient = median(allowed) ?? Math.min(1000, maxCoefficient)
  const limit = size.completionTokensMax
  const guessed = limit === undefined ? EXPECTED_COMPLETION * size.choices : Math.ceil(limit / 2)
  const completion = input.expectedCompletionTokens ?? guessed
  return {
    maxNano: unboundedBy === undefined ? nano(size.promptTokensMax ?? 0, limit ?? 0, maxCoefficient, true) : undefined,
    unboundedBy,
    expectedNano: nano(size.promptTokensExpected, completion, coefficient, false),
    reservationTokens: reservationTokens(reservedTokens, queryBytes, maxCoefficient),
    assumptions: [
      `most: a prompt token for each of ${size.textBytes} bytes and the template's share, all tokens of the dearest class, coefficient ${maxCoefficient / 1000}`,
      `expected: ${size.promptTokensExpected} prompt and ${completion} completion tokens at coefficient ${coefficient / 1000}` +
        (allowed.length === 0 ? ', the base price, since no worker is known' : ', the middle one of the workers now'),
      'the tokenizer does not expand text while normalising it',
      'an answer without usage figures is free, whatever was quoted'
    ]
  }
}
