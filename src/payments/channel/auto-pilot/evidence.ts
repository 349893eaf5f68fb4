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

/**
 * Reads the receipts that a ledger keeps at hand (the newest thousand at least), each once, and remembers what it found for
 * as long as it lives.
 */
export class ReceiptEvidence {
  readonly #ledger: Ledger
  readonly #forgivenUntilMs: number
  readonly #known = new Map<string, Known>()
  /** The newest receipt that was read. */
  #newest = ''

  /** @param forgivenUntilMs - Findings up to then are not held against a proxy. */
  constructor(ledger: Ledger, forgivenUntilMs: number) {
    this.#ledger = ledger
    this.#forgivenUntilMs = forgivenUntilMs
  }

  /** What is known now; as fresh as the ledger. @throws CocoonError `ERR_LEDGER` for a receipt that does not parse. */
  of(contract: string): Evidence {
    this.#readNew()
    const known = this.#known.get(contract)
    let usedAtMs = known?.receiptAtMs ?? 0
    for (const { recipient, atMs, id } of this.#ledger.openReservations())
      if (recipient === contract && id.startsWith('request:')) usedAtMs = Math.max(usedAtMs, atMs)
    return { overcharge: known?.overcharge ?? null, claimedTokens: known?.claimedTokens ?? null, usedAtMs }
  }

  /** From the newest back to the last one known: the oldest may have gone to the archive meanwhile. */
  #readNew(): void {
    const receipts = this.#ledger.receipts()
    const keyOf = ({ id, atMs }: { readonly id: string; readonly atMs: number }): string => `${atMs} ${id}`
    const known = receipts.findLastIndex((record) => keyOf(record) === this.#newest)
    for (const record of receipts.slice(known + 1)) {
      this.#add(record.receipt)
      this.#newest = keyOf(record)
    }
  }

  #add(text: string): void {
    // Others keep receipts of their own kind in ledgers (the gateway's budget does), with names of strangers in them.
    if (!text.startsWith('{"schema":"cocoonkit.receipt.v1"')) return
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
