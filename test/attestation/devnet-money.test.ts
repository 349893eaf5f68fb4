/** What a devnet's description says about money, and what is refused of it. */
import { describe, expect, it } from 'vitest'
import { devnetMoney, startDevnet, type DevnetDescription } from '../../src/devnet.js'

const devnet = await startDevnet()
const plain = devnet.describe()
await devnet.close()
const key = 'ab'.repeat(32)
const chain = { url: 'http://127.0.0.1:8081', rootAddress: 'EQ…', proxies: [{ owner: 'EQ…', publicKey: key }] }

describe('devnetMoney', () => {
  it('gives prices as numbers, and no chain where none runs', () => {
    expect(devnetMoney(JSON.stringify(plain))).toEqual({ prices: devnet.prices, chain: undefined, wallet: undefined })
    const { prices: _prices, ...old } = plain
    expect(devnetMoney(old)).toEqual({ prices: undefined, chain: undefined, wallet: undefined })
  })

  it('gives chain and wallet', () => {
    const wallet = { version: 'v4r2', seed: key } as const
    const full: DevnetDescription = { ...plain, chain, account: { ...plain.account, wallet } }
    expect(devnetMoney(full)).toMatchObject({ chain, wallet })
  })

  it.each([
    { chain: null },
    { chain: [] },
    { chain: { ...chain, url: 'file:///etc' } },
    { chain: { ...chain, url: 'http://a/b' } },
    { chain: { ...chain, url: 7 } },
    { chain: { ...chain, rootAddress: null } },
    { chain: { ...chain, proxies: 'x' } },
    { chain: { ...chain, proxies: [{ owner: 'x', publicKey: 'ab' }] } },
    { chain: { ...chain, proxies: [null] } },
    { prices: 5 },
    { prices: { ...plain.prices, pricePerTokenNano: '-1' } },
    { prices: { ...plain.prices, workerFeePerTokenNano: 3 } },
    { prices: { ...plain.prices, multipliers: { prompt: 1.5, cached: 1, completion: 1, reasoning: 1 } } },
    { prices: { ...plain.prices, multipliers: null } },
    { account: { ...plain.account, wallet: { version: 'v9', seed: key } } },
    { account: { ...plain.account, wallet: { version: 'v4r2', seed: 'ab' } } }
  ])('refuses %j', (change) => {
    const hostile = { ...plain, ...change } as unknown as DevnetDescription
    expect(() => devnetMoney(hostile)).toThrow(expect.objectContaining({ code: 'ERR_OPTIONS', field: 'devnet' }))
  })
})
