import { describe, expect, test } from 'vitest'
import { memoryBudget } from '../../src/gateway/index.js'
import { createEstimate } from '../../src/gateway/estimate.js'
import type { GatewayRequest } from '../../src/gateway/read-body.js'
import { MAINNET_SAMPLE_PRICES, makeQuote, requestSize } from '../../src/payments/pricing/index.js'
import { CHAT, WHOLE } from '../client/openai/fake-transport.js'
import { errorOf, gatewayOver, post } from './support.js'

const about = (more: Partial<GatewayRequest> = {}): GatewayRequest => ({
  path: '/v1/chat/completions',
  model: 'm',
  bytesIn: 1000,
  isEncrypted: false,
  maxTokens: 100,
  choices: 1,
  maxCoefficient: 1000,
  ...more
})

describe('the most that a request can cost', () => {
  const limits = { maxTokens: undefined, maxCoefficient: 4000 }
  const estimate = createEstimate({ prices: MAINNET_SAMPLE_PRICES, pricePerTokenNano: 0n, limits })

  test('is at least the bound of a quote, for bodies of any shape', () => {
    const bodies = [
      { messages: [{ role: 'user', content: 'word '.repeat(200) }], max_tokens: 100 },
      { messages: Array.from({ length: 50 }, () => ({ role: 'user', content: '' })), max_tokens: 1, n: 7 },
      { messages: [{ role: 'user', content: '\u0000"\n é 🦋 \ud83e\udd8b' }], max_tokens: 0 },
      { prompt: Array.from({ length: 30 }, () => 'a'), max_tokens: 20, best_of: 3 }
    ]
    for (const body of bodies) {
      const size = requestSize(body)
      const quote = makeQuote({
        size,
        prices: MAINNET_SAMPLE_PRICES,
        maxCoefficient: 1500,
        liveCoefficients: [],
        reservedTokens: 100,
        queryBytes: 1000
      })
      const bytesIn = new TextEncoder().encode(JSON.stringify(body)).length
      const request = about({ bytesIn, maxTokens: body.max_tokens, choices: size.choices, maxCoefficient: 1500 })
      expect(estimate(request)).toBeGreaterThanOrEqual(quote.maxNano!)
    }
  })

  test('counts answers in the dearest class, all choices, and the coefficient of the gateway where the body has none', () => {
    const one = estimate(about({ bytesIn: 0, maxTokens: 1_000_000 }))
    // 8 adjusted tokens for one of an answer, 20 nanotons each.
    expect(one).toBeGreaterThan(160_000_000n)
    expect(one).toBeLessThan(160_100_000n)
    expect(estimate(about({ bytesIn: 0, maxTokens: 1_000_000, choices: 5 }))).toBeGreaterThan(800_000_000n)
    expect(estimate(about({ bytesIn: 0, maxTokens: 1_000_000, maxCoefficient: undefined }))).toBeGreaterThan(
      640_000_000n
    )
  })

  test('a body without a limit is refused, unless the gateway sets one', async () => {
    const refused = gatewayOver({ parts: [WHOLE] }, { prices: MAINNET_SAMPLE_PRICES })
    const response = await refused.gateway(post(CHAT))
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({ code: 'ERR_REQUEST_FIELD', param: 'max_tokens' })
    expect(refused.transport.requests).toEqual([])
    // Engines take 0 for no limit.
    expect((await refused.gateway(post({ ...CHAT, max_tokens: 0 }))).status).toBe(400)
    const bounded = gatewayOver({ parts: [WHOLE] }, { prices: MAINNET_SAMPLE_PRICES, limits: { maxTokens: 50 } })
    expect((await bounded.gateway(post(CHAT))).status).toBe(200)
  })
})

describe('what a caller can do to its estimate', () => {
  test.each([
    ['the lower of two limits does not count', { max_completion_tokens: 1, max_tokens: 4000 }],
    ['nor in the other order', { max_completion_tokens: 4000, max_tokens: 1 }],
    ['choices count', { max_tokens: 40, n: 100 }]
  ])('%s', async (_name, fields) => {
    const budget = memoryBudget({ perUserNano: 1_000_000n })
    const { gateway, transport } = gatewayOver({ parts: [WHOLE] }, { budget, pricePerTokenNano: 100n })
    expect((await gateway(post({ ...CHAT, ...fields, max_coefficient: 4000 }))).status).toBe(402)
    expect(transport.requests).toEqual([])
  })

  test('the gateway’s own limit holds for both names', async () => {
    const { gateway } = gatewayOver({ parts: [WHOLE] }, { limits: { maxTokens: 100 } })
    expect((await gateway(post({ ...CHAT, max_completion_tokens: 1, max_tokens: 101 }))).status).toBe(400)
  })
})
