/**
 * No authorisation, said aloud.
 *
 * @module
 */
import type { Authorize } from '../options.js'

/**
 * Serves everybody as one user, e.g. on loopback. Whoever can reach the gateway spends the account's money: set limits
 * and a budget.
 */
export function anyone(id = 'anyone'): Authorize {
  return () => ({ id })
}
