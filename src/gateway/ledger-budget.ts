/**
 * Budgets and receipts in a ledger: durable, and one for all gateways that share its store.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import type { Ledger } from '../payments/channel/index.js'
import type { GatewayBudget, GatewayUser } from './budget.js'
import { overBudget } from './budget.js'
import type { GatewayReceipt } from './events.js'
import { gatewayError } from './failure.js'
import { decodeGatewayReceipt, encodeGatewayReceipt } from './receipt-text.js'

/** Options of {@link ledgerBudget}. Caps are nanotons; one that is left out does not exist. */
export interface LedgerBudgetOptions {
  /**
   * As `openLedger` of `cocoonkit/ton` gives it, on any store; several gateways may each open one on the same store. It
   * must not be the payment channel's own: that one counts what leaves the account, this one whom it was for, and a coin
   * in both would count twice. Whoever opened it closes it.
   */
  readonly ledger: Pick<Ledger, 'reserve' | 'settle' | 'recordReceipt' | 'readReceipts'>
  /** Of every user alone, for ever; a user's own `quotaNano` holds too. */
  readonly perUserNano?: bigint | undefined
  /** Of all users together, for ever. Caps per minute and day are limits of the ledger itself. */
  readonly totalNano?: bigint | undefined
}

/** A budget with the receipts that it keeps. */
export interface LedgerBudget extends GatewayBudget {
  readonly needsEstimate: true
  /** Receipts of one user, or of all, oldest first; also those that other gateways wrote. @throws CocoonError `ERR_LEDGER`. */
  receipts(userId?: string): AsyncGenerator<GatewayReceipt>
}

/**
 * A budget that outlives the process. Before a request leaves, the most that it can cost is written to the ledger and
 * counts in full; at its end the receipt is stored and then the reservation settled with what the receipt says. A gateway
 * that dies in between leaves the reservation: it goes on counting until somebody who knows better settles or releases it
 * (`ledger.openReservations()`). Caps hold across every process on the store, since each decision is made under its lock.
 *
 * The gateway needs a price for it; with `prices` no honest charge is higher than its reservation. One that is higher all
 * the same is recorded as it is.
 *
 * @throws CocoonError `ERR_OPTIONS`.
 */
export function ledgerBudget({ ledger, perUserNano, totalNano }: LedgerBudgetOptions): LedgerBudget {
  for (const [field, cap] of Object.entries({ perUserNano, totalNano })) {
    if (cap !== undefined && (typeof cap !== 'bigint' || cap < 0n))
      throw new CocoonError('ERR_OPTIONS', `${field} must be an amount in nanotons (bigint)`, {
        phase: 'options',
        field
      })
  }
  return {
    needsEstimate: true,
    async reserve(user, estimateNano) {
      // The caller's own request id is not unique, and not the caller's to choose here.
      const id = `gateway:${crypto.randomUUID()}`
      const limits = { perRecipientNano: least(perUserNano, user.quotaNano), totalNano }
      try {
        const recipient = recipientOf(user)
        await ledger.reserve({ id, amountNano: estimateNano, recipient, purpose: 'gateway request' }, limits)
      } catch (cause) {
        throw refusal(cause)
      }
      let isOpen = true
      const close = async (spentNano: bigint, receipt: GatewayReceipt | undefined): Promise<void> => {
        if (!isOpen) return
        isOpen = false
        // In this order: a receipt without an end counts too much, an end without a receipt says too little.
        if (receipt !== undefined) await ledger.recordReceipt(id, encodeGatewayReceipt(receipt))
        await ledger.settle(id, spentNano)
      }
      return { settle: close, release: (receipt) => close(0n, receipt) }
    },
    async *receipts(userId) {
      for await (const { receipt } of ledger.readReceipts()) {
        const decoded = decodeGatewayReceipt(receipt)
        if (decoded !== undefined && (userId === undefined || decoded.user === userId)) yield decoded
      }
    }
  }
}

function recipientOf({ id }: GatewayUser): string {
  return `user:${id}`
}

function least(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a
}

function refusal(cause: unknown): CocoonError {
  if (!CocoonError.is(cause, 'ERR_LIMIT_EXCEEDED'))
    return gatewayError('ERR_LEDGER', 'the budget cannot be asked now', 503, { retryable: true })
  return overBudget(
    cause.field === 'perRecipientNano' ? 'the budget of this user is used up' : 'the budget of this gateway is used up'
  )
}
