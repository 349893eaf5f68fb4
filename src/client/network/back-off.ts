/**
 * How long to wait before a proxy is dialled again.
 *
 * The reference client waits a fixed 10 s without jitter (session.md §11); thousands of clients of one proxy would come
 * back in step after its restart, and a single lost connection would cost 10 s.
 *
 * @module
 */
import type { Random } from '../../runtime/ports/clock.js'

/** Wait after the first failure at most, milliseconds. */
const FIRST_DELAY_MS = 200

/** Longest wait, milliseconds. */
const LONGEST_DELAY_MS = 5_000

/**
 * Delay before the next dial: doubles with each failure in a row up to {@link LONGEST_DELAY_MS}, of which the upper half
 * is random.
 *
 * @param failures - Failures in a row, ≥ 1.
 */
export function backOffMs(failures: number, random: Random): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 16))
  const [high = 0, low = 0] = random.bytes(2)
  return ceiling / 2 + (ceiling / 2) * ((high * 256 + low) / 65_536)
}
