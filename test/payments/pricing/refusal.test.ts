import { describe, expect, it } from 'vitest'
import {
  availableTokens,
  predictRefusal,
  reservationTokens,
  tokensForAmount,
  withinCoefficient,
  type RefusalInput
} from '../../../src/payments/pricing/index.js'

const TON = 1_000_000_000n
const account = {
  balanceNano: 20n * TON,
  stakeNano: 15n * TON,
  chainTokensUsed: 0n,
  tokensUsed: 0n,
  tokensReserved: 0n
}
const worker = { coefficient: 1000, enabled: true, activeRequests: 0, maxActiveRequests: 2 }
const request: RefusalInput = {
  account,
  pricePerTokenNano: 20n,
  activeConfigVersion: 87,
  minConfigVersion: 87,
  maxTokens: 1000,
  queryBytes: 2048,
  maxCoefficient: 4000,
  model: 'm',
  workers: [worker]
}

describe('availableTokens', () => {
  it('is bounded by the stake', () => {
    expect(availableTokens(account, 20n)).toEqual({
      tokensPayed: 1_000_000_000n,
      tokensStake: 750_000_000n,
      available: 750_000_000n
    })
  })

  it('subtracts reservations and use, and adds what the chain has charged', () => {
    const used = { ...account, chainTokensUsed: 100n, tokensUsed: 250n, tokensReserved: 50n }
    expect(availableTokens(used, 20n).available).toBe(750_000_000n + 100n - 50n - 250n)
  })

  it('does not divide by a price of zero', () => {
    expect(tokensForAmount(5n, 0n)).toBe(1_000_000_000_000n)
  })
})

describe('reservationTokens', () => {
  it('prices max_tokens and the bytes of the query by the limit', () => {
    expect(reservationTokens(1000, 2048, 4000)).toBe(12_192n)
  })
})

describe('withinCoefficient', () => {
  it('compares as unsigned: -1 means any', () => {
    expect(withinCoefficient(4_000_000, -1)).toBe(true)
    expect(withinCoefficient(4001, 4000)).toBe(false)
    expect(withinCoefficient(4000, 4000)).toBe(true)
  })
})

describe('predictRefusal', () => {
  it('lets a good request through', () => {
    expect(predictRefusal(request)).toBeUndefined()
  })

  const poor = { ...account, balanceNano: 20_000n }
  // In the proxy's order (pricing.md §5): each row also violates all rows below it.
  const everything: RefusalInput = {
    ...request,
    account: poor,
    maxTokens: 1001,
    minConfigVersion: 88,
    clientState: 1,
    proxyEnabled: false,
    workers: undefined
  }
  const rows: Array<[string, number, string, Partial<RefusalInput>]> = [
    [
      'balance-below-max-tokens',
      602,
      'client balance is too low: max_tokens=1001 tokens_payed=1000 tokens_used=0 tokens_reserved=0 tokens_stake=750000000',
      {}
    ],
    ['config-version-too-low', 602, 'active config version is too low', { maxTokens: 1000 }],
    ['client-closing', 651, 'client is closing', { maxTokens: 1000, minConfigVersion: 0 }],
    ['proxy-disabled', 651, 'proxy is disabled', { maxTokens: 1000, minConfigVersion: 0, clientState: 0 }],
    [
      'balance-below-reservation',
      651,
      'balance is too low',
      { maxTokens: 1000, minConfigVersion: 0, clientState: 0, proxyEnabled: true }
    ]
  ]
  it.each(rows)('%s comes in its turn', (kind, code, text, change) => {
    expect(predictRefusal({ ...everything, ...change })).toMatchObject({ kind, code, text })
  })

  it.each([
    ['unknown-model', 621, 'unknown model m', undefined],
    ['no-workers', 651, 'no workers for model m', []],
    [
      'no-ready-workers',
      651,
      'no ready workers for modelm',
      [
        { ...worker, enabled: false },
        { ...worker, activeRequests: 2 }
      ]
    ],
    [
      'coefficient-too-low',
      651,
      'can run this query with coefficient=5000',
      [
        { ...worker, coefficient: 6000 },
        { ...worker, coefficient: 5000 },
        { ...worker, coefficient: 1, enabled: false }
      ]
    ]
  ])('%s', (kind, code, text, workers) => {
    expect(predictRefusal({ ...request, workers })).toMatchObject({ kind, code, text })
  })

  it('says how much is missing', () => {
    expect(predictRefusal({ ...request, account: poor })).toMatchObject({
      kind: 'balance-below-reservation',
      missing: 11_192n
    })
  })

  it('compares config versions as unsigned', () => {
    expect(predictRefusal({ ...request, minConfigVersion: -1 })).toMatchObject({ kind: 'config-version-too-low' })
    expect(predictRefusal({ ...request, activeConfigVersion: -1, minConfigVersion: -1 })).toBeUndefined()
  })
})
