/**
 * `quote().maxNano ≥` what was charged, over random requests on the devnet. 300 by default; `QUOTE_RUNS=10000` for the
 * figure of the record.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fromDevnet, startDevnet, type Devnet } from '../../../src/devnet.js'
import { Cocoon } from '../../../src/index.js'
import { makeQuote, requestSize } from '../../../src/ton.js'
import { SeededRandom } from '../../support/seeded-random.js'

const RUNS = Number(process.env['QUOTE_RUNS'] ?? 300)
const PARALLEL = 16
const WORDS = ['a', 'bé', '文字', '🥥', 'cocoon', '\u0007', 'x'.repeat(40), '  spaced  ', '"quoted"', '\n']

let devnet: Devnet
let cocoon: Cocoon

beforeAll(async () => {
  devnet = await startDevnet({ account: { balanceNano: 10n ** 15n, stakeNano: 10n ** 15n } })
  cocoon = new Cocoon(fromDevnet(devnet))
})

afterAll(async () => {
  await cocoon.close()
  await devnet.close()
})

it(`${RUNS} requests never cost more than quoted`, { timeout: Math.max(120_000, RUNS * 60) }, async () => {
  const random = new SeededRandom(20)
  const pick = (most: number): number => ((random.bytes(2)[0] ?? 0) * 256 + (random.bytes(2)[1] ?? 0)) % most
  const text = (): string => Array.from({ length: pick(40) }, () => WORDS[pick(WORDS.length)]).join(' ')
  let left = RUNS
  let tightest = 0
  let charged = 0
  async function one(): Promise<void> {
    const body = {
      model: pick(4) === 0 ? 'devnet/echo-large' : 'devnet/echo',
      messages: Array.from({ length: 1 + pick(4) }, () => ({ role: 'user' as const, content: text() })),
      max_tokens: pick(60),
      max_coefficient: 4000
    }
    // The client's quote asks the market each time; its arithmetic is this, and is compared with it below.
    const quote = makeQuote({
      size: requestSize(body),
      prices: devnet.prices,
      maxCoefficient: 4000,
      liveCoefficients: [],
      reservedTokens: body.max_tokens,
      queryBytes: 0
    })
    const { tokensUsed } = await cocoon.chat.completions.create(body).withResponse()
    const actual = (tokensUsed?.total ?? 0n) * devnet.prices.pricePerTokenNano
    if (actual > 0n) charged++
    expect(actual).toBeLessThanOrEqual(quote.maxNano ?? 0n)
    tightest = Math.max(tightest, Number(actual) / Number(quote.maxNano))
  }
  const body = { model: 'devnet/echo', messages: [{ role: 'user' as const, content: 'hello' }], max_tokens: 7 }
  const asked = await cocoon.quote(body, { prices: devnet.prices })
  const reckoned = makeQuote({
    size: requestSize(body),
    prices: devnet.prices,
    maxCoefficient: 4000,
    liveCoefficients: [],
    reservedTokens: 7,
    queryBytes: 0
  })
  expect(asked.maxNano).toBe(reckoned.maxNano)
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      while (left-- > 0) await one()
    })
  )
  // The test must be able to fail: nearly all of them cost something.
  expect(charged).toBeGreaterThan(RUNS * 0.8)
  if (process.env['SHOW'] !== undefined)
    console.log(`${RUNS} runs, ${charged} charged, dearest ${tightest.toFixed(3)} of its quote`)
})
