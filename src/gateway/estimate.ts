/**
 * What is set aside for a request before it leaves.
 *
 * @module
 */
import type { CocoonError } from '../errors.js'
import { adjust, reservationTokens, type TokenPrices } from '../payments/pricing/index.js'
import { gatewayError } from './failure.js'
import type { GatewayRequest } from './read-body.js'

/** What an estimate is made from. */
export interface EstimateInput {
  readonly prices: TokenPrices | undefined
  readonly pricePerTokenNano: bigint
  readonly limits: { readonly maxTokens: number | undefined; readonly maxCoefficient: number }
}

/** What the reference writes into bodies without a limit. */
const ASSUMED_TOKENS = 10_000
/**
 * Tokens that a template may put in front of a conversation, and around each of several prompts; what it puts around a
 * message is shorter than the message's JSON.
 */
const TEMPLATE_TOKENS = 256n
const TOKENS_PER_PROMPT = 16n
/** The four classes are rounded each by itself. */
const ROUNDING_TOKENS = 4n

/**
 * With prices: the most that a request can cost. No token stands for less than a byte of the body's text, and the text of
 * a body is no longer than the body, encrypted or not. Without: the network's own reservation, which ignores that tokens of an
 * answer may cost several times those of a prompt.
 */
export function createEstimate({
  prices,
  pricePerTokenNano,
  limits
}: EstimateInput): (request: GatewayRequest) => bigint {
  return ({ bytesIn, choices, maxTokens = limits.maxTokens, maxCoefficient = limits.maxCoefficient }) => {
    if (prices === undefined) {
      const tokens = Math.min((maxTokens ?? ASSUMED_TOKENS) * choices, Number.MAX_SAFE_INTEGER)
      return reservationTokens(tokens, bytesIn, maxCoefficient) * pricePerTokenNano
    }
    if (maxTokens === undefined) throw unbounded()
    const { prompt, cached, completion, reasoning } = prices.multipliers
    const answers = BigInt(choices)
    const tokens =
      adjust(
        BigInt(bytesIn) + TEMPLATE_TOKENS + TOKENS_PER_PROMPT * answers,
        maxCoefficient,
        Math.max(prompt, cached)
      ) + adjust(BigInt(maxTokens) * answers, maxCoefficient, Math.max(completion, reasoning))
    return (tokens + ROUNDING_TOKENS) * prices.pricePerTokenNano
  }
}

function unbounded(): CocoonError {
  return gatewayError('ERR_REQUEST_FIELD', "field 'max_tokens' is required: the cost is bounded by it", 400, {
    field: 'max_tokens',
    remedy: 'set max_tokens'
  })
}
