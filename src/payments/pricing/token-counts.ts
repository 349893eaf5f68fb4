/**
 * Counts raw tokens in the JSON values of an answer and prices them, as a worker does.
 *
 * Owns: maximum aggregation, the definition of a number that counts, the four classes, the cost fields. Refuses: reading
 * bodies (the caller finds the JSON values) and writing them.
 * Source: pricing.md §3 (runners/helpers/CountTokens.cpp @b75d444).
 *
 * @module
 */
import type { TokensUsed } from '../../runtime/ports/inference.js'
import type { RawTokenCounts, TokenMultipliers, TokenPrices } from '../../runtime/ports/prices.js'
import { adjust, MULTIPLIER_UNIT } from './adjust.js'

export type { RawTokenCounts, TokenMultipliers, TokenPrices }

/** Cost of an answer so far, nanotons, as the worker writes it into `usage`. Cumulative, not per chunk. */
export interface UsageCosts {
  readonly promptNano: bigint
  readonly completionNano: bigint
  readonly totalNano: bigint
}

/** Nothing counted. */
export const NO_TOKENS: RawTokenCounts = { prompt: 0n, cached: 0n, completion: 0n, reasoning: 0n }

/** Multipliers of a network whose root names none. */
export const UNIT_MULTIPLIERS: TokenMultipliers = {
  prompt: MULTIPLIER_UNIT,
  cached: MULTIPLIER_UNIT,
  completion: MULTIPLIER_UNIT,
  reasoning: MULTIPLIER_UNIT
}

/** Prices of mainnet in April 2026 (params_version 17): a sample for examples and the devnet, never a trusted input. */
export const MAINNET_SAMPLE_PRICES: TokenPrices = {
  pricePerTokenNano: 20n,
  workerFeePerTokenNano: 19n,
  multipliers: { prompt: 10_000, cached: 1000, completion: 80_000, reasoning: 80_000 }
}

/**
 * The unsigned integer in a JSON number, or 0 for everything else: floats, negatives, strings, `null`.
 *
 * `bigint` is taken for callers whose JSON reader keeps integers exact; a `number` counts up to 2^53 − 1.
 */
export function countableTokens(value: unknown): bigint {
  if (typeof value === 'bigint') return value >= 0n && value < 1n << 64n ? value : 0n
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) return 0n
  return BigInt(value)
}

/** A plain object's own property, or `undefined`. */
function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/**
 * Adds one JSON value of the answer to the counts: each counter becomes the larger of what it was and what `usage` says.
 *
 * @param value - Any parsed JSON value; only an object's `usage` is looked at.
 * @returns New counts; the same object when no counter grew, so identity tells whether to write cost fields.
 */
export function countTokens(counts: RawTokenCounts, value: unknown): RawTokenCounts {
  const usage = own(value, 'usage')
  if (usage === undefined) return counts
  const reasoningDetail = countableTokens(own(own(usage, 'completion_tokens_details'), 'reasoning_tokens'))
  const next: RawTokenCounts = {
    prompt: larger(counts.prompt, countableTokens(own(usage, 'prompt_tokens'))),
    cached: larger(counts.cached, countableTokens(own(own(usage, 'prompt_tokens_details'), 'cached_tokens'))),
    completion: larger(counts.completion, countableTokens(own(usage, 'completion_tokens'))),
    reasoning: larger(counts.reasoning, larger(reasoningDetail, countableTokens(own(usage, 'reasoning_tokens'))))
  }
  const grew =
    next.prompt !== counts.prompt ||
    next.cached !== counts.cached ||
    next.completion !== counts.completion ||
    next.reasoning !== counts.reasoning
  return grew ? next : counts
}

/**
 * Prices raw counts with the coefficient of the worker that served the request (not the client's limit).
 *
 * Negative parts (more cached than prompt tokens) stay negative: nobody in the network clamps them.
 */
export function priceTokens(counts: RawTokenCounts, coefficient: number, multipliers: TokenMultipliers): TokensUsed {
  const prompt = adjust(counts.prompt - counts.cached, coefficient, multipliers.prompt)
  const cached = adjust(counts.cached, coefficient, multipliers.cached)
  const completion = adjust(counts.completion - counts.reasoning, coefficient, multipliers.completion)
  const reasoning = adjust(counts.reasoning, coefficient, multipliers.reasoning)
  return { prompt, cached, completion, reasoning, total: prompt + cached + completion + reasoning }
}

/** The cost fields that belong to these tokens. */
export function usageCosts(tokens: TokensUsed, pricePerTokenNano: bigint): UsageCosts {
  const promptNano = (tokens.prompt + tokens.cached) * pricePerTokenNano
  const completionNano = (tokens.completion + tokens.reasoning) * pricePerTokenNano
  return { promptNano, completionNano, totalNano: promptNano + completionNano }
}
