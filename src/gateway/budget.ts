/**
 * Who may spend how much: the port that a ledger fills, and an implementation in memory.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import type { GatewayReceipt } from './events.js'

/** Whom a request is served for. */
export interface GatewayUser {
  /** Stable name of the user; limits, budgets and receipts go by it. 1 to 256 characters. */
  readonly id: string
  /** Nanotons that this user may spend in all, beside the budget's own caps. Default: only those. */
  readonly quotaNano?: bigint | undefined
  /** Requests of this user at once. Default: the gateway's `limits.maxConcurrentPerUser`. */
  readonly maxConcurrent?: number | undefined
}

/** Money set aside for one request. Exactly one of the two is called, once. */
export interface GatewayReservation {
  /** The request is over and cost this much, which may be more or less than was set aside. */
  settle(spentNano: bigint, receipt: GatewayReceipt): void | Promise<void>
  /** The request cost nothing. */
  release(receipt: GatewayReceipt): void | Promise<void>
}

/** Decides whether a request may be afforded. `ledgerBudget` keeps it in a ledger; {@link memoryBudget} does without one. */
export interface GatewayBudget {
  /** Whether its caps hold only with estimates of what a request can cost: a gateway without a price then refuses to start. */
  readonly needsEstimate?: boolean | undefined
  /**
   * Sets the estimate aside, or refuses.
   *
   * @throws CocoonError `ERR_LIMIT_EXCEEDED`, which the caller gets as 402.
   */
  reserve(user: GatewayUser, estimateNano: bigint): GatewayReservation | Promise<GatewayReservation>
}

/** Caps of {@link memoryBudget}, nanotons; one that is left out does not exist. */
export interface MemoryBudgetOptions {
  /** Of all users together. */
  readonly totalNano?: bigint | undefined
  /** Of every user alone. */
  readonly perUserNano?: bigint | undefined
  /** Users that are remembered. Default 100,000; when full, new users are refused rather than old ones forgotten. */
  readonly maxUsers?: number | undefined
}

/** A budget in memory with a look into it. */
export interface MemoryBudget extends GatewayBudget {
  /** Spent by one user, reservations included. */
  spentNano(userId: string): bigint
  /** Spent by all, reservations included. */
  readonly totalSpentNano: bigint
}

/**
 * A budget that lives as long as the process. What is reserved counts in full until it is settled, so parallel requests
 * cannot overdraw it together.
 */
export function memoryBudget({ totalNano, perUserNano, maxUsers = 100_000 }: MemoryBudgetOptions = {}): MemoryBudget {
  const spentByUser = new Map<string, bigint>()
  let total = 0n

  function add(userId: string, amountNano: bigint): void {
    total += amountNano
    spentByUser.set(userId, (spentByUser.get(userId) ?? 0n) + amountNano)
  }
  return {
    get totalSpentNano() {
      return total
    },
    spentNano: (userId) => spentByUser.get(userId) ?? 0n,
    reserve({ id, quotaNano }, estimateNano) {
      const spent = spentByUser.get(id) ?? 0n
      const isOver = (cap: bigint | undefined, sum: bigint): boolean =>
        cap !== undefined && (sum >= cap || sum + estimateNano > cap)
      if (isOver(quotaNano, spent)) throw overBudget('the quota of this user is used up')
      if (isOver(perUserNano, spent)) throw overBudget('the budget of this user is used up')
      if (isOver(totalNano, total)) throw overBudget('the budget of this gateway is used up')
      if (!spentByUser.has(id) && spentByUser.size >= maxUsers) throw overBudget('this gateway has too many users')
      add(id, estimateNano)
      let isOpen = true
      const close = (spentNano: bigint): void => {
        if (isOpen) add(id, spentNano - estimateNano)
        isOpen = false
      }
      return { settle: close, release: () => close(0n) }
    }
  }
}

/** `ERR_LIMIT_EXCEEDED`, 402. */
export function overBudget(message: string): CocoonError {
  return new CocoonError('ERR_LIMIT_EXCEEDED', message, {
    phase: 'gateway',
    httpStatus: 402,
    remedy: 'ask whoever runs this gateway for more'
  })
}
