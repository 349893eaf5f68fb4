/**
 * Watches what a proxy says about money: checks every signature, target and counter, keeps the highest valid charge in the
 * ledger, and makes receipts. It never fails a complete answer; what it finds goes to a policy.
 *
 * @module
 */
import { bytesToHex, equalBytes } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import type { Clock } from '../../runtime/ports/clock.js'
import type { PaymentNote, PaymentObserver, RequestSettlement } from '../../runtime/ports/receipt.js'
import { verifySignedCharge } from '../contracts/index.js'
import type { TokenPrices } from '../pricing/index.js'
import type { Ledger } from './ledger.js'
import {
  encodeReceipt,
  makeReceipt,
  type Finding,
  type FindingId,
  type Receipt,
  type ReceiptInput
} from './receipts.js'

/** What to do about a finding: tell only, refuse further spending, or also ask for another proxy. */
export type OverchargePolicy = 'warn' | 'stop' | 'failover'

/** A proxy charged, or claimed, what it should not. */
export class OverchargeDetected extends CocoonError {
  readonly findings: readonly Finding[]

  /** @param charged - `no` for a request that was refused because of what was found before. Default `yes`. */
  constructor(findings: readonly Finding[], charged: 'yes' | 'no' = 'yes') {
    const text = findings.map((entry) => `${entry.id}: ${entry.statement}`).join('; ')
    super('ERR_OVERCHARGE', text, {
      phase: 'channel',
      charged,
      remedy: 'look at the receipts, close the channel, use another proxy'
    })
    this.findings = findings
  }
}

/** Options of a watch. */
export interface PaymentWatchOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  /** Key of the proxy, 32 bytes. */
  readonly proxyPublicKey: Uint8Array
  /** Raw address of our client contract. */
  readonly contract: string
  readonly prices: TokenPrices
  readonly paramsVersion: number
  readonly policy: OverchargePolicy
  /** Tokens that the chain has charged already: no counter may be below. Default 0. */
  readonly tokensUsedOnChain?: bigint | undefined
  /**
   * Whether nobody else uses the account at this proxy. Then the total grows by exactly the charged tokens, and every other
   * growth is a finding. Default `false`.
   */
  readonly exclusive?: boolean | undefined
  /** Called with every finding. */
  readonly onOvercharge?: ((error: OverchargeDetected, policy: OverchargePolicy) => void) | undefined
}

/** What the caller of a request knows when it ends. */
export type RequestDetails = Pick<
  ReceiptInput,
  'requestId' | 'peer' | 'attestationId' | 'usage' | 'bodyRead' | 'maxCoefficient' | 'coefficient'
>

interface RequestNotes {
  note: PaymentNote | null
  settlement: RequestSettlement | null
  totalBefore: bigint | null
  signedBefore: bigint | null
}

/** Requests whose notes are kept while nobody asked for their receipt. */
const MAX_REQUESTS = 4096

/** A watch over one client contract. */
export class PaymentWatch implements PaymentObserver {
  readonly #options: PaymentWatchOptions
  readonly #requests = new Map<string, RequestNotes>()
  #total: bigint | null = null
  #signed: bigint | null
  /** The last charge whose signature was found good: a proxy repeats it until it has committed. */
  #verified: { readonly boc: Uint8Array; readonly tokens: bigint } | null = null
  #stopped: OverchargeDetected | null = null
  #writes: Promise<unknown> = Promise.resolve()
  #writeFailure: unknown = null

  constructor(options: PaymentWatchOptions) {
    this.#options = options
    this.#signed = options.ledger.bestCharge(options.contract)?.tokens ?? null
  }

  /** Highest total that the proxy claimed; `null` before its first statement. */
  get totalTokens(): bigint | null {
    return this.#total
  }

  /** Highest total with a valid signature. */
  get signedTokens(): bigint | null {
    return this.#signed
  }

  /** @throws OverchargeDetected after a finding under the policies `stop` and `failover`. */
  assertMaySpend(): void {
    if (this.#stopped !== null) throw new OverchargeDetected(this.#stopped.findings, 'no')
  }

  onPaymentNote(note: PaymentNote): void {
    const notes = note.requestId === undefined ? null : this.#notesOf(note.requestId)
    if (notes !== null) {
      notes.note = note
      notes.totalBefore = this.#total
      notes.signedBefore = this.#signed
    }
    const findings = [...this.#checkCounters(note), ...this.#checkSignature(note)]
    this.#raise(findings)
  }

  onSettlement(settlement: RequestSettlement): void {
    this.#notesOf(settlement.requestId).settlement = settlement
  }

  /**
   * Makes and stores the receipt of a request that has ended, and raises what it finds.
   *
   * @throws CocoonError `ERR_LEDGER` when it cannot be stored.
   */
  async finishRequest(details: RequestDetails): Promise<Receipt> {
    const { clock, contract, prices, paramsVersion, ledger } = this.#options
    const { note, settlement, totalBefore, signedBefore } = this.#notesOf(details.requestId)
    this.#requests.delete(details.requestId)
    const receipt = makeReceipt({
      ...details,
      model: settlement?.model ?? '',
      contract,
      atMs: clock.now(),
      outcome: settlement?.outcome ?? 'lost',
      prices,
      paramsVersion,
      reported: settlement?.tokensUsed ?? null,
      chargedTokens: note?.requestTokens ?? null,
      totalBefore,
      totalAfter: note?.totalTokens ?? null,
      signedBefore,
      signedAfter: this.#signed
    })
    await ledger.recordReceipt(details.requestId, encodeReceipt(receipt))
    // Counters and signatures were raised when the note came; here only what the receipt adds.
    this.#raise(receipt.findings.filter((entry) => entry.id.startsWith('charged') || entry.id === 'report-not-a-sum'))
    return receipt
  }

  /** Resolves when everything seen so far is stored. @throws CocoonError `ERR_LEDGER` when something could not be. */
  async flush(): Promise<void> {
    await this.#writes
    if (this.#writeFailure !== null) throw CocoonError.from(this.#writeFailure, 'ERR_LEDGER', { phase: 'ledger' })
  }

  #notesOf(requestId: string): RequestNotes {
    const known = this.#requests.get(requestId)
    if (known !== undefined) return known
    const fresh: RequestNotes = { note: null, settlement: null, totalBefore: null, signedBefore: null }
    this.#requests.set(requestId, fresh)
    const [oldest] = this.#requests.keys()
    if (this.#requests.size > MAX_REQUESTS && oldest !== undefined) this.#requests.delete(oldest)
    return fresh
  }

  /** Totals only grow, never lie below what the chain charged, and grow by what is charged when nobody else spends. */
  #checkCounters(note: PaymentNote): readonly Finding[] {
    const next = note.totalTokens
    if (next === undefined) return []
    const before = this.#total
    const floor = before ?? this.#options.tokensUsedOnChain ?? 0n
    if (next < floor)
      return [{ id: 'counter-decreased', statement: `the total fell from ${floor} to ${next}`, excessTokens: 0n }]
    this.#total = next
    const explained = note.requestTokens ?? 0n
    if (this.#options.exclusive !== true || before === null || next - before === explained) return []
    const excess = next - before - explained
    return [
      {
        id: 'counter-jumped',
        statement: `the total grew by ${next - before}, ${explained} are explained`,
        excessTokens: excess > 0n ? excess : 0n
      }
    ]
  }

  #checkSignature(note: PaymentNote): readonly Finding[] {
    const boc = note.signedPayment
    if (boc === undefined) return []
    const { contract } = this.#options
    let tokens: bigint
    try {
      tokens = this.#verify(boc)
    } catch (error) {
      return [
        {
          id: 'signature-invalid',
          statement: error instanceof Error ? error.message : 'the signed charge is not valid',
          excessTokens: 0n
        }
      ]
    }
    const findings: Finding[] = []
    const total = note.totalTokens ?? this.#total
    if (total !== null && tokens > total) {
      findings.push({
        id: 'signed-above-total',
        statement: `${tokens} tokens are signed, ${total} were used`,
        excessTokens: tokens - total
      })
    }
    if (this.#signed !== null && tokens < this.#signed) {
      findings.push({
        id: 'signed-decreased',
        statement: `the signed total fell from ${this.#signed} to ${tokens}`,
        excessTokens: 0n
      })
    }
    // Also one that claims too much is kept: it is evidence, and the chain would accept it.
    if (this.#signed === null || tokens > this.#signed) {
      this.#signed = tokens
      const write = this.#options.ledger.recordCharge({ contract, tokens, boc: bytesToHex(boc) })
      this.#writes = Promise.all([this.#writes, write]).catch((error: unknown) => {
        this.#writeFailure ??= error
      })
    }
    return findings
  }

  /** Tokens of a charge whose signature is good. @throws CocoonError when it is not. */
  #verify(boc: Uint8Array): bigint {
    const known = this.#verified
    if (known !== null && equalBytes(known.boc, boc)) return known.tokens
    const { proxyPublicKey, contract } = this.#options
    const { tokens } = verifySignedCharge(boc, { proxyPublicKey, clientContract: contract })
    this.#verified = { boc: boc.slice(), tokens }
    return tokens
  }

  #raise(findings: readonly Finding[]): void {
    if (findings.length === 0) return
    const error = new OverchargeDetected(findings)
    if (this.#options.policy !== 'warn') this.#stopped ??= error
    try {
      this.#options.onOvercharge?.(error, this.#options.policy)
    } catch {
      // A listener's failure is its own.
    }
  }
}

/** Whether a finding means that coins are, or will be, taken that are not due. */
export function costsCoins(id: FindingId): boolean {
  return !['counter-decreased', 'signed-decreased', 'report-not-a-sum', 'signature-invalid'].includes(id)
}
