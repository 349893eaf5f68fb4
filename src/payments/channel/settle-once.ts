/**
 * The end of a reservation that several may have seen at once.
 *
 * @module
 */
import type { Ledger } from './ledger.js'

/**
 * Settles a reservation unless it is settled already, also by another process that found the same out meanwhile.
 *
 * @throws CocoonError `ERR_LEDGER` when it is open and cannot be settled.
 */
export async function settleOnce(ledger: Ledger, id: string, spentNano: bigint): Promise<void> {
  const isOpen = (): boolean => ledger.openReservations().some((reservation) => reservation.id === id)
  if (!isOpen()) return
  try {
    await ledger.settle(id, spentNano)
  } catch (error) {
    if (isOpen()) throw error
  }
}
