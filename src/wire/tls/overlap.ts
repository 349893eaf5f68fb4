/**
 * Work that runs beside other work.
 *
 * @module
 */

/** Lets a computation run beside others: its failure waits for whoever awaits it. */
export function overlap<T>(computation: Promise<T>): Promise<T> {
  computation.catch(() => undefined)
  return computation
}
