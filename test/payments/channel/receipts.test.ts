/** Receipts, audit and the watch over payment messages. Figures: pricing.md §6. */
import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { signCharge } from '../../../src/payments/contracts/index.js'
import {
  auditReceipt,
  decodeReceipt,
  encodeReceipt,
  makeReceipt,
  memoryLedgerStore,
  openLedger,
  OverchargeDetected,
  PaymentWatch,
  type OverchargePolicy,
  type PaymentWatchOptions,
  type ReceiptInput
} from '../../../src/payments/channel/index.js'
import { MAINNET_SAMPLE_PRICES } from '../../../src/payments/pricing/index.js'
import { FakeClock } from '../../support/fake-clock.js'
import { fromHex } from '../support.js'

const SEED = fromHex('07'.repeat(32))
const KEY = nacl.sign.keyPair.fromSeed(SEED).publicKey
const CONTRACT = `0:${'5a'.repeat(32)}`
const usage = { prompt: 1200n, cached: 800n, completion: 350n, reasoning: 100n }
const input: ReceiptInput = {
  requestId: 'ab'.repeat(32),
  model: 'Qwen/Qwen3-8B',
  peer: '203.0.113.1:2',
  contract: CONTRACT,
  attestationId: 'r1',
  atMs: 1,
  outcome: 'complete',
  usage,
  maxCoefficient: 4000,
  coefficient: 1300,
  prices: MAINNET_SAMPLE_PRICES,
  paramsVersion: 17,
  reported: { prompt: 520n, cached: 104n, completion: 2600n, reasoning: 1040n, total: 4264n },
  chargedTokens: 4264n,
  totalBefore: 100n,
  totalAfter: 4364n,
  signedBefore: 50n,
  signedAfter: 100n
}
const ids = (change: Partial<ReceiptInput>): readonly string[] =>
  makeReceipt({ ...input, ...change }).findings.map((finding) => finding.id)

describe('makeReceipt', () => {
  it('computes the worked example of the sheet and finds nothing', () => {
    expect(makeReceipt(input)).toMatchObject({ recomputed: { total: 4264n }, amountNano: 85_280n, findings: [] })
    expect(ids({ chargedTokens: 4265n, reported: null })).toEqual([])
  })

  it('without a known coefficient holds the proxy to the allowed one', () => {
    expect(ids({ coefficient: undefined })).toEqual([])
    expect(ids({ coefficient: undefined, maxCoefficient: 1000 })).toEqual(['charged-above-limit'])
    expect(makeReceipt({ ...input, coefficient: undefined, maxCoefficient: 1000 }).findings[0]?.excessTokens).toBe(
      4264n - 3280n
    )
  })

  it('finds every kind of difference', () => {
    expect(ids({ chargedTokens: 5000n, reported: null })).toEqual(['charged-differs'])
    expect(ids({ usage: null })).toEqual(['charged-without-usage'])
    expect(ids({ usage: null, chargedTokens: 0n, reported: null })).toEqual([])
    expect(ids({ chargedTokens: 4268n })).toEqual(['charged-unlike-reported'])
    expect(
      ids({
        reported: {
          ...(input.reported ?? { prompt: 0n, cached: 0n, completion: 0n, reasoning: 0n }),
          prompt: 1n,
          total: 4264n
        }
      })
    ).toEqual(['report-not-a-sum'])
    expect(ids({ totalAfter: 99n, signedAfter: 50n })).toEqual(['counter-decreased'])
    expect(ids({ signedAfter: 9999n })).toEqual(['signed-above-total'])
    expect(ids({ signedAfter: 49n })).toEqual(['signed-decreased'])
  })

  it('is read back as it was, and an edited one is recognised', () => {
    const receipt = makeReceipt({ ...input, chargedTokens: 9999n })
    expect(decodeReceipt(encodeReceipt(receipt))).toEqual({ ...receipt })
    expect(auditReceipt(decodeReceipt(encodeReceipt(receipt)))).toEqual({ findings: receipt.findings, altered: false })
    expect(auditReceipt({ ...receipt, findings: [] }).altered).toBe(true)
    expect(auditReceipt({ ...receipt, amountNano: 1n }).altered).toBe(true)
    for (const text of ['', '{}', '[1]', '{"schema":"other"}'])
      expect(() => decodeReceipt(text)).toThrow(expect.objectContaining({ code: 'ERR_LEDGER' }))
  })
})

describe('PaymentWatch', () => {
  const sign = (tokens: bigint, change: object = {}): Uint8Array =>
    signCharge({ kind: 'charge', queryId: tokens, tokens, target: CONTRACT, excess: CONTRACT, seed: SEED, ...change })
  const start = async (
    change: Partial<PaymentWatchOptions> = {}
  ): Promise<{ watch: PaymentWatch; found: string[]; ledger: PaymentWatchOptions['ledger'] }> => {
    const clock = new FakeClock()
    const ledger = await openLedger({ store: memoryLedgerStore(), clock })
    const found: string[] = []
    const watch = new PaymentWatch({
      ledger,
      clock,
      proxyPublicKey: KEY,
      contract: CONTRACT,
      prices: MAINNET_SAMPLE_PRICES,
      paramsVersion: 17,
      policy: 'warn',
      exclusive: true,
      onOvercharge: (error) => found.push(...error.findings.map((finding) => finding.id)),
      ...change
    })
    return { watch, found, ledger }
  }

  it('keeps the highest valid charge and makes a receipt of an honest request', async () => {
    const { watch, found, ledger } = await start()
    watch.onPaymentNote({ source: 'handshake', signedPayment: sign(50n), totalTokens: 100n })
    watch.onPaymentNote({
      source: 'request',
      requestId: input.requestId,
      requestTokens: 4264n,
      totalTokens: 4364n,
      signedPayment: sign(100n)
    })
    watch.onSettlement({
      requestId: input.requestId,
      model: input.model,
      outcome: 'complete',
      tokensUsed: input.reported ?? undefined
    })
    const receipt = await watch.finishRequest({
      requestId: input.requestId,
      peer: input.peer,
      attestationId: 'r1',
      usage,
      maxCoefficient: 4000,
      coefficient: 1300
    })
    await watch.flush()
    expect(receipt).toMatchObject({
      totalBefore: 100n,
      totalAfter: 4364n,
      signedBefore: 50n,
      signedAfter: 100n,
      amountNano: 85_280n,
      findings: []
    })
    expect(found).toEqual([])
    expect(ledger.bestCharge(CONTRACT)?.tokens).toBe(100n)
    expect(decodeReceipt(ledger.receipts()[0]?.receipt ?? '')).toEqual(receipt)
  })

  it('checks every signature that it has not just seen', async () => {
    const { watch, found } = await start()
    const good = sign(50n)
    const note = (signedPayment: Uint8Array): void =>
      watch.onPaymentNote({ source: 'status', totalTokens: 100n, signedPayment })
    for (const payment of [good, good, good.slice()]) note(payment)
    expect(found).toEqual([])
    // What was kept is a copy: bytes that are changed afterwards are not believed.
    good[good.length - 1]! ^= 1
    note(good)
    note(sign(60n, { seed: fromHex('08'.repeat(32)) }))
    expect(found).toEqual(['signature-invalid', 'signature-invalid'])
  })

  it('finds forged and foreign signatures, replays, rollbacks, jumps and signed excess', async () => {
    const { watch, found, ledger } = await start({ tokensUsedOnChain: 10n })
    const note = (
      totalTokens: bigint | undefined,
      signedPayment?: Uint8Array,
      requestTokens?: bigint
    ): string | undefined => {
      found.length = 0
      watch.onPaymentNote({ source: 'status', totalTokens, signedPayment, requestTokens })
      return found.join(',')
    }
    expect(note(5n)).toBe('counter-decreased')
    expect(note(1000n, sign(900n))).toBe('')
    expect(note(999n)).toBe('counter-decreased')
    expect(note(1000n, sign(800n))).toBe('signed-decreased')
    expect(note(1100n, undefined, 40n)).toBe('counter-jumped')
    expect(note(1100n, sign(1200n))).toBe('signed-above-total')
    expect(note(undefined, sign(1300n, { seed: fromHex('08'.repeat(32)) }))).toBe('signature-invalid')
    expect(note(undefined, sign(1300n, { target: `0:${'5b'.repeat(32)}` }))).toBe('signature-invalid')
    expect(note(undefined, sign(1300n, { kind: 'grant' }))).toBe('signature-invalid')
    expect(note(undefined, new Uint8Array([1, 2, 3]))).toBe('signature-invalid')
    await watch.flush()
    expect(ledger.bestCharge(CONTRACT)?.tokens).toBe(1200n)
  })

  it.each(['warn', 'stop', 'failover'] as const)('policy %s', async (policy: OverchargePolicy) => {
    const { watch, found } = await start({ policy })
    watch.onPaymentNote({ source: 'status', totalTokens: 9n, signedPayment: sign(10n) })
    expect(found).toEqual(['signed-above-total'])
    if (policy === 'warn') expect(() => watch.assertMaySpend()).not.toThrow()
    else expect(() => watch.assertMaySpend()).toThrow(OverchargeDetected)
  })

  it('a request that was lost has a receipt too, and a listener that fails harms nobody', async () => {
    const { watch } = await start({
      onOvercharge: () => {
        throw new Error('listener')
      }
    })
    watch.onPaymentNote({ source: 'status', signedPayment: new Uint8Array(3) })
    expect(
      await watch.finishRequest({ requestId: 'cd', peer: 'p', attestationId: null, usage: null, maxCoefficient: 1 })
    ).toMatchObject({ outcome: 'lost', chargedTokens: null, amountNano: null, findings: [] })
  })
})
