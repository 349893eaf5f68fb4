/**
 * Turns a fired signal into the library's error.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

/** The error that stands for a fired signal; a reason that is ours already is passed on. */
export function abortedError(signal: AbortSignal): CocoonError {
  const reason: unknown = signal.reason
  return CocoonError.is(reason)
    ? reason
    : new CocoonError('ERR_ABORTED', 'the call was aborted', { phase: 'attestation', cause: reason })
}

/** @throws CocoonError `ERR_ABORTED` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedError(signal)
}
