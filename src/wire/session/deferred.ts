/**
 * Promises that somebody else settles.
 *
 * @module
 */

/** A promise with its handles. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** Makes one. (`Promise.withResolvers` is younger than the runtimes that are supported.) */
export function deferred<T>(): Deferred<T> {
  let handles: Omit<Deferred<T>, 'promise'>
  const promise = new Promise<T>((resolve, reject) => (handles = { resolve, reject }))
  return { promise, ...handles! }
}
