/** What a proxy says about requests that nobody made. */
import { describe, expect, it } from 'vitest'
import { ReceiptBook } from '../../../src/client/money/receipt-book.js'
import { memoryLedgerStore, openLedger, type OverchargeDetected } from '../../../src/payments/channel/index.js'
import { MAINNET_SAMPLE_PRICES } from '../../../src/payments/pricing/index.js'
import type { Session } from '../../../src/wire/session/index.js'
import { FakeClock } from '../../support/fake-clock.js'

const ADDRESS = '203.0.113.1:2'
const session = {
  clientContractAddress: { workchain: 0, hash: new Uint8Array(32).fill(1) },
  proxy: { publicKey: new Uint8Array(32).fill(2) }
} as unknown as Session

async function opened() {
  const clock = new FakeClock()
  const ledger = await openLedger({ store: memoryLedgerStore(), clock })
  const found: string[] = []
  const onOvercharge = ({ findings }: OverchargeDetected): void => void found.push(...findings.map(({ id }) => id))
  const options = { ledger, prices: MAINNET_SAMPLE_PRICES, overcharge: 'stop', exclusive: true, onOvercharge } as const
  const book = new ReceiptBook(options, clock)
  const { observer, ready } = book.connection(ADDRESS)
  ready(session, undefined)
  let total = 0n
  const charge = (requestId: string, requestTokens: bigint): void => {
    total += requestTokens
    observer.onPaymentNote?.({ source: 'request', requestId, requestTokens, totalTokens: total })
  }
  const settle = (requestId: string): void =>
    observer.onSettlement?.({ requestId, model: 'm', outcome: 'complete', tokensUsed: undefined })
  return { clock, ledger, book, found, charge, settle }
}

describe('a charge', () => {
  it('for a request that was never made is a finding, in its receipt too', async () => {
    const { clock, ledger, book, found, charge } = await opened()
    charge('aa'.repeat(32), 1_000_000n)
    await clock.advance(5000)
    await book.flush()
    expect(found).toEqual(['charged-without-usage'])
    expect(ledger.receipts()[0]?.receipt).toContain('charged-without-usage')
    expect(() => book.assertMaySpend()).toThrow(expect.objectContaining({ code: 'ERR_OVERCHARGE', charged: 'no' }))
  })

  it('for a request that the caller gave up is none, however late it comes', async () => {
    const { clock, ledger, book, found, charge, settle } = await opened()
    settle('bb'.repeat(32))
    await clock.advance(5000)
    charge('bb'.repeat(32), 1000n)
    await clock.advance(5000)
    await book.flush()
    expect(found).toEqual([])
    expect(ledger.receipts()).toHaveLength(1)
    expect(() => book.assertMaySpend()).not.toThrow()
  })

  it('is kept for a bounded number of requests at a time', async () => {
    const { clock, ledger, book, charge } = await opened()
    for (let count = 0; count < 5000; count++) charge(count.toString(16).padStart(64, '0'), 1n)
    await clock.advance(5000)
    await book.flush()
    expect(ledger.receipts().length).toBeLessThan(5000)
  })
})
