/**
 * Receipts of a client: one watch per client contract, one entry per running request, and the two phases of every
 * reservation. A receipt is made once the answer was read, its final message came, and the proxy's payment message, or a
 * few seconds later without it.
 *
 * @module
 */
import { formatRawAddress } from '../../encoding/index.js'
import { CocoonError } from '../../errors.js'
import { OverchargeDetected, PaymentWatch, type Receipt } from '../../payments/channel/index.js'
import type { RawTokenCounts, TokenPrices } from '../../payments/pricing/index.js'
import type { RegistrySnapshot } from '../../payments/registry/index.js'
import type { CancelTimer, Clock } from '../../runtime/ports/clock.js'
import type { InferencePeer } from '../../runtime/ports/inference.js'
import type { PaymentNote, PaymentObserver, RequestSettlement } from '../../runtime/ports/receipt.js'
import type { Session } from '../../wire/session/index.js'
import type { PaymentOptions } from './options.js'

/** How long a payment message is waited for after the final message, milliseconds. */
const NOTE_WAIT_MS = 5_000
/** Receipts kept in memory for {@link ReceiptBook.of}; the ledger keeps all. */
const MAX_RECENT = 1024
/** Requests that are waited for at a time, and ended ones that are remembered: a proxy may name as many as it likes. */
const MAX_REQUESTS = 4096
/** Notes of a connection that are kept until its contracts are known. */
const MAX_EARLY_NOTES = 64

/** A request whose answer has begun. */
export interface ReceiptHead {
  readonly requestId: string
  readonly peer: InferencePeer
  readonly maxCoefficient: number
  /** Id and amount of the reservation in the ledger. */
  readonly reservation: { readonly id: string; readonly amountNano: bigint } | undefined
}

interface Entry {
  head: ReceiptHead | undefined
  watch: PaymentWatch | undefined
  usage: RawTokenCounts | null
  body: 'open' | 'read' | 'given-up'
  settlement: RequestSettlement | undefined
  note: PaymentNote | undefined
  cancelTimer: CancelTimer | undefined
  timedOut: boolean
  finishing: boolean
  readonly waiting: Array<{ resolve: (receipt: Receipt | undefined) => void; reject: (error: unknown) => void }>
}

/** The receipts of a client. */
export class ReceiptBook {
  readonly #options: PaymentOptions
  readonly #clock: Clock
  readonly #watches = new Map<string, PaymentWatch>()
  /** Watches by proxy address. */
  readonly #byAddress = new Map<string, { readonly watch: PaymentWatch; readonly contract: string }>()
  readonly #entries = new Map<string, Entry>()
  /** Receipts that are being written. */
  readonly #making = new Map<string, Promise<Receipt | undefined>>()
  readonly #recent = new Map<string, Receipt>()
  /** Requests that were sent and have ended, whether or not anybody waited for them. */
  readonly #ended = new Set<string>()
  readonly #work = new Set<Promise<void>>()
  #stopped: OverchargeDetected | undefined
  readonly #denied = new Set<string>()
  readonly #deniedContracts = new Set<string>()

  constructor(options: PaymentOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** Addresses that the policy `failover` rules out. */
  get denied(): ReadonlySet<string> {
    return this.#denied
  }

  /** @throws OverchargeDetected after a finding under the policy `stop`. */
  assertMaySpend(): void {
    if (this.#stopped !== undefined) throw new OverchargeDetected(this.#stopped.findings, 'no')
  }

  /** Client contracts in use now, by the address of their proxy. */
  get contracts(): ReadonlyMap<string, string> {
    return new Map([...this.#byAddress].map(([address, { contract }]) => [address, contract]))
  }

  /** Raw address of the client contract at a proxy; its own address before a connection stood. */
  recipientOf(address: string): string {
    return this.#byAddress.get(address)?.contract ?? address
  }

  /** Highest total that a proxy claimed on the account's use; `null` before its first statement. */
  totalTokensAt(address: string): bigint | null {
    return this.#byAddress.get(address)?.watch.totalTokens ?? null
  }

  /** Watches one connection: notes are kept until its contracts are known. */
  connection(address: string): {
    readonly observer: PaymentObserver
    ready(session: Session, snapshot: RegistrySnapshot | undefined): void
  } {
    let watch: PaymentWatch | undefined
    const early: PaymentNote[] = []
    return {
      observer: {
        onPaymentNote: (note) => {
          if (watch === undefined) {
            if (early.length < MAX_EARLY_NOTES) early.push(note)
          } else this.#onNote(watch, note)
        },
        onSettlement: (settlement) => {
          if (watch !== undefined) this.#onSettlement(watch, settlement)
        }
      },
      ready: (session, snapshot) => {
        watch = this.#watchOf(address, session, snapshot)
        for (const note of early.splice(0)) this.#onNote(watch, note)
      }
    }
  }

  /** The answer of a request has begun. @returns What tells its body. */
  begin(head: ReceiptHead): { bodyEnded(usage: RawTokenCounts | null, wasRead: boolean): void } {
    const entry = this.#entryOf(head.requestId)
    entry.head = head
    entry.watch ??= this.#byAddress.get(head.peer.address)?.watch
    return {
      bodyEnded: (usage, wasRead) => {
        if (entry.body !== 'open') return
        entry.usage = usage
        entry.body = wasRead ? 'read' : 'given-up'
        this.#step(head.requestId, entry)
      }
    }
  }

  /** The receipt of a request, now or when it is made. @throws CocoonError `ERR_OPTIONS` for an id that nobody knows | `ERR_LEDGER`. */
  async of(requestId: string): Promise<Receipt> {
    const entry = this.#entries.get(requestId)
    const waited =
      entry === undefined
        ? await this.#making.get(requestId)
        : await new Promise<Receipt | undefined>((resolve, reject) => entry.waiting.push({ resolve, reject }))
    const receipt = waited ?? this.#recent.get(requestId)
    if (receipt !== undefined) return receipt
    const message = 'no receipt of this request is here; older ones are in the ledger'
    throw new CocoonError('ERR_OPTIONS', message, { phase: 'ledger', field: 'requestId' })
  }

  /** The newest receipts, oldest first. */
  recent(): readonly Receipt[] {
    return [...this.#recent.values()]
  }

  /** Resolves when everything seen so far is in the ledger. @throws CocoonError `ERR_LEDGER`. */
  async flush(): Promise<void> {
    await Promise.all(this.#work)
    for (const watch of this.#watches.values()) await watch.flush()
  }

  /** Makes what can be made without waiting any longer. */
  async close(): Promise<void> {
    for (const [requestId, entry] of this.#entries) {
      entry.timedOut = true
      if (entry.body === 'open') entry.body = 'given-up'
      this.#step(requestId, entry)
    }
    await Promise.all(this.#work)
    for (const watch of this.#watches.values()) await watch.flush().catch(() => undefined)
  }

  #watchOf(address: string, session: Session, snapshot: RegistrySnapshot | undefined): PaymentWatch {
    const { ledger, overcharge = 'warn', exclusive, onOvercharge } = this.#options
    const contract = formatRawAddress(session.clientContractAddress)
    const known = this.#watches.get(contract)
    const watch =
      known ??
      new PaymentWatch({
        ledger,
        clock: this.#clock,
        proxyPublicKey: session.proxy.publicKey,
        contract,
        prices: this.#pricesOf(snapshot),
        paramsVersion: snapshot?.root.paramsVersion ?? 0,
        policy: overcharge,
        exclusive,
        onOvercharge: (error, policy) => {
          if (policy === 'stop') this.#stopped ??= error
          if (policy === 'failover') {
            this.#deniedContracts.add(contract)
            for (const [text, at] of this.#byAddress) if (at.contract === contract) this.#denied.add(text)
          }
          onOvercharge?.(error, policy)
        }
      })
    this.#watches.set(contract, watch)
    this.#byAddress.set(address, { watch, contract })
    // The same proxy under another address is no other proxy.
    if (this.#deniedContracts.has(contract)) this.#denied.add(address)
    return watch
  }

  #pricesOf(snapshot: RegistrySnapshot | undefined): TokenPrices {
    if (snapshot !== undefined) {
      const { pricePerTokenNano, workerFeePerTokenNano, multipliers } = snapshot.root
      return { pricePerTokenNano, workerFeePerTokenNano, multipliers }
    }
    const { prices } = this.#options
    if (prices === undefined)
      throw new CocoonError('ERR_OPTIONS', 'payments.prices is needed without a root contract', {
        phase: 'options',
        field: 'payments.prices'
      })
    return prices
  }

  #entryOf(requestId: string): Entry {
    const known = this.#entries.get(requestId)
    if (known !== undefined) return known
    const fresh: Entry = {
      head: undefined,
      watch: undefined,
      usage: null,
      body: 'open',
      settlement: undefined,
      note: undefined,
      cancelTimer: undefined,
      timedOut: false,
      finishing: false,
      waiting: []
    }
    this.#entries.set(requestId, fresh)
    return fresh
  }

  #onNote(watch: PaymentWatch, note: PaymentNote): void {
    watch.onPaymentNote(note)
    if (note.requestId === undefined) return
    if (!this.#entries.has(note.requestId) && this.#entries.size >= MAX_REQUESTS) return
    const entry = this.#entryOf(note.requestId)
    entry.watch = watch
    entry.note = note
    this.#step(note.requestId, entry)
  }

  #onSettlement(watch: PaymentWatch, settlement: RequestSettlement): void {
    watch.onSettlement(settlement)
    const entry = this.#entryOf(settlement.requestId)
    entry.watch = watch
    entry.settlement = settlement
    this.#ended.add(settlement.requestId)
    const [oldest] = this.#ended
    if (this.#ended.size > MAX_REQUESTS && oldest !== undefined) this.#ended.delete(oldest)
    this.#step(settlement.requestId, entry)
  }

  /** Makes the receipt when everything is here; else waits for a while. */
  #step(requestId: string, entry: Entry): void {
    if (entry.finishing) return
    const isRead = entry.head !== undefined && entry.body !== 'open'
    if (entry.settlement !== undefined && entry.note !== undefined && isRead) return this.#finish(requestId, entry)
    if (entry.timedOut && (isRead || entry.head === undefined)) return this.#finish(requestId, entry)
    if (entry.settlement === undefined && entry.note === undefined) return
    entry.cancelTimer ??= this.#clock.setTimer(() => {
      entry.timedOut = true
      this.#step(requestId, entry)
    }, NOTE_WAIT_MS)
  }

  #finish(requestId: string, entry: Entry): void {
    entry.finishing = true
    entry.cancelTimer?.()
    this.#entries.delete(requestId)
    // A refusal before the answer began, with nothing charged, is no purchase.
    const isPurchase = entry.head !== undefined || (entry.note?.requestTokens ?? 0n) > 0n
    const making = isPurchase ? this.#make(requestId, entry) : Promise.resolve(undefined)
    this.#making.set(requestId, making)
    const tracked: Promise<void> = making
      .then(
        (receipt) => {
          if (receipt !== undefined) this.#remember(receipt)
          for (const { resolve } of entry.waiting) resolve(receipt)
        },
        (error: unknown) => {
          for (const { reject } of entry.waiting) reject(error)
        }
      )
      .finally(() => {
        this.#making.delete(requestId)
        this.#work.delete(tracked)
      })
    this.#work.add(tracked)
  }

  async #make(requestId: string, { head, watch, usage, body, settlement }: Entry): Promise<Receipt> {
    if (watch === undefined)
      throw new CocoonError('ERR_INTERNAL', 'a request without a connection', { phase: 'ledger' })
    // A charge for a request that was never sent: to its receipt, an answer without usage.
    const isMade = head !== undefined || this.#ended.has(requestId)
    const receipt = await watch.finishRequest({
      requestId,
      peer: head?.peer.address ?? '',
      attestationId: head?.peer.attestationId ?? null,
      usage,
      bodyRead: !isMade || body === 'read',
      maxCoefficient: head?.maxCoefficient ?? 0
    })
    const reservation = head?.reservation
    if (reservation !== undefined) {
      // A request that was lost, or whose charge nobody told, counts in full; an error without a charge is free.
      const unknown = settlement?.outcome === 'error' ? 0n : reservation.amountNano
      await this.#options.ledger.settle(reservation.id, receipt.amountNano ?? unknown)
    }
    return receipt
  }

  #remember(receipt: Receipt): void {
    this.#recent.set(receipt.requestId, receipt)
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > MAX_RECENT && oldest !== undefined) this.#recent.delete(oldest)
    try {
      this.#options.onReceipt?.(receipt)
    } catch {
      // A listener's failure is its own.
    }
  }
}
