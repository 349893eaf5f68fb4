/**
 * What an account may still use at a proxy, and what one request reserves of it.
 *
 * Source: pricing.md §4 (runners/proxy/ProxyClientInfo.h:58-131, runners/helpers/Ton.h:16-18 @b75d444).
 *
 * @module
 */
import { adjust, MULTIPLIER_UNIT } from './adjust.js'

/** An account at one proxy contract, as the proxy keeps it. */
export interface AccountBalance {
  /** Prepaid balance on chain, nanotons. */
  readonly balanceNano: bigint
  /** Stake on chain, nanotons. */
  readonly stakeNano: bigint
  /** Adjusted tokens that the contract has already charged for. */
  readonly chainTokensUsed: bigint
  /** Cumulative adjusted tokens in the proxy's memory. */
  readonly tokensUsed: bigint
  /** Adjusted tokens reserved by running requests. */
  readonly tokensReserved: bigint
}

/** The limits that follow from an {@link AccountBalance}, adjusted tokens. */
export interface AvailableTokens {
  /** Cumulative tokens that the balance pays for. */
  readonly tokensPayed: bigint
  /** Tokens that the stake covers. */
  readonly tokensStake: bigint
  /** What a new request may reserve now; negative when more was used than reserved for. */
  readonly available: bigint
}

/** Tokens per nanotons at price 0, where the reference does not divide. */
const TOKENS_AT_PRICE_ZERO = 1_000_000_000_000n

/** Whole tokens that an amount pays for (integer division toward zero). */
export function tokensForAmount(amountNano: bigint, pricePerTokenNano: bigint): bigint {
  return pricePerTokenNano === 0n ? TOKENS_AT_PRICE_ZERO : amountNano / pricePerTokenNano
}

/** min(tokens payed, stake + charged on chain) − reserved − used. */
export function availableTokens(account: AccountBalance, pricePerTokenNano: bigint): AvailableTokens {
  const tokensPayed = tokensForAmount(account.balanceNano, pricePerTokenNano) + account.chainTokensUsed
  const tokensStake = tokensForAmount(account.stakeNano, pricePerTokenNano)
  const byStake = tokensStake + account.chainTokensUsed
  const limit = tokensPayed < byStake ? tokensPayed : byStake
  return { tokensPayed, tokensStake, available: limit - account.tokensReserved - account.tokensUsed }
}

/**
 * Adjusted tokens that a proxy reserves for one request.
 *
 * The four multipliers play no part in it and it is not enforced: an answer may cost more than was reserved.
 *
 * @param maxTokens - TL `max_tokens`.
 * @param queryBytes - Length of TL `query`, the boxed http.request, in bytes.
 * @param maxCoefficient - TL `max_coefficient`, 1/1000.
 */
export function reservationTokens(maxTokens: number, queryBytes: number, maxCoefficient: number): bigint {
  return adjust(BigInt(maxTokens) + BigInt(queryBytes), maxCoefficient, MULTIPLIER_UNIT)
}
