import { describe, expect, it } from 'vitest'
import {
  MAINNET_SAMPLE_PRICES as prices,
  makeQuote,
  planLoad,
  planWorker,
  requestSize,
  TOKENS_PER_MESSAGE,
  TOKENS_PER_TEMPLATE
} from '../../../src/payments/pricing/index.js'

describe('requestSize', () => {
  it('counts UTF-8 bytes, a constant for each message, and the larger limit for each choice', () => {
    const body = {
      model: 'm',
      messages: [{ role: 'user', content: 'é文🥥a' }],
      max_tokens: 5,
      max_completion_tokens: 7,
      n: 3
    }
    const size = requestSize(body)
    // 2 + 3 + 4 + 1 bytes, and the member's own name.
    expect(size.textBytes).toBe(10 + 'content'.length)
    expect(size.promptTokensMax).toBe(17 + TOKENS_PER_TEMPLATE + 2 * TOKENS_PER_MESSAGE)
    expect(size.completionTokensMax).toBe(21)
  })

  it('knows no bound for pictures, nor for what is no object; never throws', () => {
    const content = [{ type: 'image_url', image_url: { url: 'data:' } }]
    expect(requestSize({ messages: [{ role: 'user', content }] }).promptTokensMax).toBeUndefined()
    let deep: unknown = 'x'
    for (let level = 0; level < 10_000; level++) deep = [deep]
    for (const body of [undefined, null, 1, [], { messages: deep }, { max_tokens: -1 }]) requestSize(body)
    expect(requestSize({ messages: deep }).promptTokensMax).toBeUndefined()
    expect(requestSize({ max_tokens: -1 }).completionTokensMax).toBeUndefined()
  })
})

describe('makeQuote', () => {
  const size = requestSize({ messages: [{ role: 'user', content: 'x'.repeat(1000) }], max_tokens: 100 })
  const input = { size, prices, maxCoefficient: 4000, liveCoefficients: [], reservedTokens: 1000, queryBytes: 2048 }

  it('the most is the dearest class at the highest coefficient; the reservation is the sheet’s', () => {
    const quote = makeQuote(input)
    const tokens = BigInt((size.promptTokensMax ?? 0) * 4 + 100 * 4 * 8 + 4)
    expect(quote.maxNano).toBe(tokens * 20n)
    // pricing.md §4: 2048 bytes, 1000 tokens, coefficient 4000.
    expect(quote.reservationTokens).toBe(12_192n)
  })

  it('expects the middle one of the allowed workers', () => {
    const dear = makeQuote({ ...input, liveCoefficients: [2000, 9000] }).expectedNano
    const cheap = makeQuote({ ...input, liveCoefficients: [1000] }).expectedNano
    expect(dear).toBe(cheap * 2n)
  })
})

describe('planLoad', () => {
  const load = {
    model: 'm',
    requestsPerDay: 86_400,
    promptTokens: 100,
    completionTokens: 40,
    secondsPerRequest: 2,
    peakFactor: 1
  }
  const market = { prices, workers: [{ coefficient: 1000, maxActiveRequests: 1 }], knownProxies: 1 }

  it('costs, concurrency and proxies', () => {
    const plan = planLoad(load, market)
    expect(plan.expectedNanoPerDay).toBe(86_400n * 420n * 20n)
    expect(plan).toMatchObject({ concurrency: 2, proxies: 2 })
    expect(plan.warnings.join()).toContain('2 proxies would be needed')
  })

  it('refuses numbers that are none', () => {
    const wrong = { ...load, requestsPerDay: Number.NaN }
    expect(() => planLoad(wrong, market)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS', field: 'requestsPerDay' })
    )
  })
})

describe('planWorker', () => {
  const model = { name: 'm', parametersB: 32, bitsPerWeight: 8 }

  it('says what fits, and what a measured speed earns', () => {
    const plan = planWorker({
      gpu: 'H100 SXM',
      model,
      prices,
      tokensPerSecond: 1000,
      utilisation: 1,
      promptPerCompletion: 0
    })
    expect(plan).toMatchObject({ fits: true, weightsGb: 32, coefficient: 1000 })
    expect(plan.expectedNanoPerDay).toBe(86_400_000n * 8n * 19n)
    expect(planWorker({ gpu: 'H100 SXM', model: { ...model, parametersB: 405 }, prices })).toMatchObject({
      fits: false,
      expectedNanoPerDay: 0n
    })
  })

  it('refuses a GPU without figures', () => {
    expect(() => planWorker({ gpu: 'toaster', model, prices })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTIONS' })
    )
  })
})
