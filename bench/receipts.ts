/**
 * What a receipt costs, in processor time: the arithmetic alone, and all that happens for one request between the proxy's
 * payment message and the stored receipt.
 *
 *   node bench/run.mjs receipts [--quick]
 *
 * Exits 1 when a request costs more than 50 µs beside the check of a signature that is new. A proxy signs anew when it has
 * committed, every half minute or so; a request that brings a new signature pays its check once.
 */
import nacl from 'tweetnacl'
import {
  encodeReceipt,
  makeReceipt,
  memoryLedgerStore,
  openLedger,
  PaymentWatch,
  type ReceiptInput
} from '../src/payments/channel/index.js'
import { signCharge } from '../src/payments/contracts/index.js'
import { MAINNET_SAMPLE_PRICES } from '../src/payments/pricing/index.js'
import { systemClock } from '../src/runtime/shared/index.js'

const LIMIT_US = 50
const isQuick = process.argv.includes('--quick')
const COUNT = isQuick ? 1280 : 12_800
const SIGNED_COUNT = isQuick ? 32 : 128
const ROUNDS = isQuick ? 3 : 5
const SEED = new Uint8Array(32).fill(7)
const CONTRACT = `0:${'5a'.repeat(32)}`
const usage = { prompt: 1200n, cached: 800n, completion: 350n, reasoning: 100n }
const reported = { prompt: 520n, cached: 104n, completion: 2600n, reasoning: 1040n, total: 4264n }

/** Median over rounds, processor time of everything this process did, threads included. */
async function measure(run: () => Promise<void> | void, count: number): Promise<number> {
  const times: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    // The first one warms up.
    if (round > 0) times.push((user + system) / count)
  }
  return times.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN
}

const input: ReceiptInput = {
  requestId: 'ab'.repeat(32),
  model: 'Qwen/Qwen3-8B',
  peer: '203.0.113.1:2',
  contract: CONTRACT,
  attestationId: 'cd'.repeat(32),
  atMs: Date.now(),
  outcome: 'complete',
  usage,
  bodyRead: true,
  maxCoefficient: 4000,
  prices: MAINNET_SAMPLE_PRICES,
  paramsVersion: 17,
  reported,
  chargedTokens: 4264n,
  totalBefore: 100n,
  totalAfter: 4364n,
  signedBefore: 50n,
  signedAfter: 100n
}

/** A watch that has seen one signed charge. */
async function startWatch(): Promise<PaymentWatch> {
  const ledger = await openLedger({ store: memoryLedgerStore(), clock: systemClock })
  const watch = new PaymentWatch({
    ledger,
    clock: systemClock,
    proxyPublicKey: nacl.sign.keyPair.fromSeed(SEED).publicKey,
    contract: CONTRACT,
    prices: MAINNET_SAMPLE_PRICES,
    paramsVersion: 17,
    policy: 'stop'
  })
  watch.onPaymentNote({ source: 'handshake', totalTokens: 1_000_000n, signedPayment: same })
  return watch
}

/** Requests from payment message to stored receipt, 32 at a time as on a busy connection. */
async function requests(watch: PaymentWatch, count: number, payment: (index: number) => Uint8Array): Promise<void> {
  for (let index = 0; index < count; index += 32) {
    await Promise.all(
      Array.from({ length: 32 }, async (_, offset) => {
        const number = index + offset
        const requestId = number.toString(16).padStart(64, '0')
        const totalTokens = 1_000_000n + BigInt(number + 1) * 4264n
        const signedPayment = payment(number)
        watch.onPaymentNote({ source: 'request', requestId, requestTokens: 4264n, totalTokens, signedPayment })
        watch.onSettlement({ requestId, model: input.model, outcome: 'complete', tokensUsed: reported })
        await watch.finishRequest({
          requestId,
          peer: input.peer,
          attestationId: input.attestationId,
          usage,
          bodyRead: true,
          maxCoefficient: 4000
        })
      })
    )
  }
  await watch.flush()
  watch.assertMaySpend()
}

const sign = (tokens: bigint): Uint8Array =>
  signCharge({ kind: 'charge', queryId: tokens, tokens, target: CONTRACT, excess: CONTRACT, seed: SEED })
const same = sign(5n)
const fresh = Array.from({ length: SIGNED_COUNT }, (_, index) => sign(6n + BigInt(index)))

const arithmetic = await measure(() => {
  for (let index = 0; index < COUNT; index++) makeReceipt(input)
}, COUNT)
const encoded = await measure(() => {
  for (let index = 0; index < COUNT; index++) encodeReceipt(makeReceipt(input))
}, COUNT)
// A ledger of this length at a time: a longer one would be compacted, and then this would measure the collector.
const LENGTH = 1280
const prepare = (count: number): Promise<PaymentWatch[]> => Promise.all(Array.from({ length: count }, startWatch))
const watches = await prepare((COUNT / LENGTH) * (ROUNDS + 1))
const whole = await measure(async () => {
  for (let done = 0; done < COUNT; done += LENGTH) await requests(watches.pop()!, LENGTH, () => same)
}, COUNT)
const freshWatches = await prepare(ROUNDS + 1)
const signed = await measure(() => requests(freshWatches.pop()!, SIGNED_COUNT, (index) => fresh[index]!), SIGNED_COUNT)
const text = encodeReceipt(makeReceipt(input))
const parsed = JSON.parse(text) as unknown
const floor = await measure(() => {
  for (let index = 0; index < COUNT; index++) JSON.stringify(parsed)
}, COUNT)
const row = (what: string, us: number): void => console.log(`${what.padEnd(64)} ${us.toFixed(1)} µs`)
row(`JSON.stringify of the same ${text.length} characters, for comparison`, floor)
row('arithmetic and findings (makeReceipt)', arithmetic)
row('… and its text', encoded)
row('a request, payment message to stored receipt', whole)
row('a request that brings a new signature', signed)
process.exit(whole > LIMIT_US && !isQuick ? 1 : 0)
