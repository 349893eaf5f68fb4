/**
 * What the ledger's receipts say about a proxy: whether it took, or claimed, too much. An auto-pilot must not feed such a
 * proxy, nor submit its charges.
 *
 * @module
 */
import type { Ledger } from '../ledger.js'
import { costsCoins } from '../payment-watch.js'
import { decodeReceipt } from '../receipts.js'

/** What is known about one contract. */
export interface Evidence {
  /** Name of the newest finding that costs coins; `null`: none. */
  readonly overcharge: string | null
  /** Highest total that the proxy claimed; `null` without a receipt. */
  readonly claimedTokens: bigint | null
  /** When a request last used the contract, Unix milliseconds; 0 without a trace. */
  readonly usedAtMs: number
}

interface Known {
  overcharge: string | null
  claimedTokens: bigint | null
  receiptAtMs: number
}

/** Reads receipts once each, however long the ledger is. */
export class ReceiptEvidence {
  readonly #ledger: Ledger
  readonly #forgivenUntilMs: number
  readonly #known = new Map<string, Known>()
  #read = 0

  /** @param forgivenUntilMs - Findings up to then are not held against a proxy. */
  constructor(ledger: Ledger, forgivenUntilMs: number) {
    this.#ledger = ledger
    this.#forgivenUntilMs = forgivenUntilMs
  }

  /** What is known now; as fresh as the ledger. @throws CocoonError `ERR_LEDGER` for a receipt that does not parse. */
  of(contract: string): Evidence {
    const receipts = this.#ledger.receipts()
    for (; this.#read < receipts.length; this.#read++) this.#add(receipts[this.#read]?.receipt ?? '')
    const known = this.#known.get(contract)
    let usedAtMs = known?.receiptAtMs ?? 0
    for (const { recipient, atMs, id } of this.#ledger.openReservations())
      if (recipient === contract && id.startsWith('request:')) usedAtMs = Math.max(usedAtMs, atMs)
    return { overcharge: known?.overcharge ?? null, claimedTokens: known?.claimedTokens ?? null, usedAtMs }
  }

  #add(text: string): void {
    const { contract, atMs, findings, totalAfter } = decodeReceipt(text)
    if (contract === null) return
    const known = this.#known.get(contract) ?? { overcharge: null, claimedTokens: null, receiptAtMs: 0 }
    this.#known.set(contract, known)
    known.receiptAtMs = Math.max(known.receiptAtMs, atMs)
    if (totalAfter !== null && totalAfter > (known.claimedTokens ?? -1n)) known.claimedTokens = totalAfter
    const found = findings.find(({ id }) => costsCoins(id))
    if (found !== undefined && atMs > this.#forgivenUntilMs) known.overcharge = found.id
  }
}
