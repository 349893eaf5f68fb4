/**
 * Receipts for tests that need one in the ledger.
 *
 * @module
 */
import { makeReceipt, type Receipt, type ReceiptInput } from '../../../src/payments/channel/index.js'
import { MAINNET_SAMPLE_PRICES } from '../../../src/payments/pricing/index.js'

/** A receipt of a request that cost nothing, changed as asked. */
export function receiptOf(change: Partial<ReceiptInput>): Receipt {
  return makeReceipt({
    requestId: 'ab'.repeat(32),
    model: 'Qwen/Qwen3-8B',
    peer: '203.0.113.1:2',
    contract: null,
    attestationId: null,
    atMs: 1,
    outcome: 'complete',
    usage: null,
    maxCoefficient: 1000,
    prices: MAINNET_SAMPLE_PRICES,
    paramsVersion: 17,
    reported: null,
    chargedTokens: 0n,
    totalBefore: null,
    totalAfter: null,
    signedBefore: null,
    signedAfter: null,
    ...change
  })
}
