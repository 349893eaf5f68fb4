/**
 * The network's one pricing function. Raw tokens become adjusted tokens by three IEEE double multiplications whose order
 * is part of the protocol: another order, or exact integers, differs by one for about one input in ten thousand.
 *
 * Source: pricing.md §2 (runners/helpers/Ton.h:20-22 @b75d444).
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** Multipliers are ten-thousandths: 10000 is ×1. */
export const MULTIPLIER_UNIT: number = 10_000

/**
 * Adjusted tokens for raw tokens, truncated toward zero.
 *
 * @param tokens - Raw tokens. May be negative: the network subtracts without clamping.
 * @param coefficient - Worker coefficient (or the client's limit), 1/1000.
 * @param multiplier - Multiplier of the token class, 1/10000.
 * @throws CocoonError `ERR_OPTIONS` when a factor is not finite; nothing else can fail.
 */
export function adjust(tokens: bigint, coefficient: number, multiplier: number): bigint {
  const product = Number(tokens) * (coefficient * 0.001) * multiplier * 0.0001
  if (!Number.isFinite(product)) {
    throw new CocoonError('ERR_OPTIONS', 'price factors must be finite numbers', { phase: 'options' })
  }
  return BigInt(Math.trunc(product))
}
