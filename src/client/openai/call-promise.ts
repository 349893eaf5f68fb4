/**
 * What `create` returns: a promise of the answer that can also give what stands around it.
 *
 * @module
 */

/** A promise with OpenAI's two extra doors. `D` is the answer, `R` the answer with what stands around it. */
export interface CallPromise<D, R> extends Promise<D> {
  /** The answer together with response head, ids and figures. */
  withResponse(): Promise<R>
  /** Status and headers; the body was read by the library. */
  asResponse(): Promise<Response>
}

/** Wraps a running call. Each door may be used any number of times, or not at all. */
export function createCallPromise<D, R extends { readonly data: D; readonly response: Response }>(
  call: Promise<R>
): CallPromise<D, R> {
  const data = (): Promise<D> => call.then((result) => result.data)
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- it is a promise, derived only when somebody looks at it
    then: (onFulfilled, onRejected) => data().then(onFulfilled, onRejected),
    catch: (onRejected) => data().catch(onRejected),
    finally: (onFinally) => data().finally(onFinally),
    withResponse: () => call,
    asResponse: () => call.then((result) => result.response),
    [Symbol.toStringTag]: 'Promise'
  }
}
