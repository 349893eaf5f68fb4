/**
 * Errors of answers.
 *
 * @module
 */
import { type Charged, CocoonError, type CocoonErrorOptions } from '../../errors.js'
import type { InferenceFinal } from '../../runtime/ports/inference.js'

/** A 200 stream that ended properly without one event (`ERR_STREAM_EMPTY`). v3.md §4 says why workers do that. */
export class EmptyStreamError extends CocoonError {
  constructor(options: Omit<CocoonErrorOptions, 'phase' | 'remedy'>) {
    super('ERR_STREAM_EMPTY', 'the answer was a stream without one event', {
      ...options,
      phase: 'stream',
      remedy: 'this worker loses event streams: ask without stream, or set streamFallback to buffered'
    })
    this.name = 'EmptyStreamError'
  }
}

/** An answer that stopped before its final part (`ERR_STREAM_TRUNCATED`); `cause` says what ended it, where that is known. */
export class TruncatedStreamError extends CocoonError {
  constructor(options: Omit<CocoonErrorOptions, 'phase'>) {
    super('ERR_STREAM_TRUNCATED', 'the answer ended before its final part', {
      charged: 'unknown',
      ...options,
      phase: 'stream'
    })
    this.name = 'TruncatedStreamError'
  }
}

/** Failures of the connection that, once the head of an answer has come, mean a truncated answer. */
const TRUNCATING: readonly string[] = [
  'ERR_STREAM_TRUNCATED',
  'ERR_CONNECTION_LOST',
  'ERR_FRAME_TRUNCATED',
  'ERR_IDLE_TIMEOUT'
]

/** What a failure while the body was read means for the caller. */
export function bodyFailure(cause: unknown): CocoonError {
  const error = CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'stream', charged: 'unknown' })
  if (!TRUNCATING.includes(error.code) || error instanceof TruncatedStreamError) return error
  return new TruncatedStreamError({
    cause: error,
    charged: error.charged === 'yes' ? 'yes' : 'unknown',
    peerText: error.peerText
  })
}

/** The reason of a budget that fired while an answer was read, in the words of that phase. */
export function budgetEnded(reason: unknown, phase: 'answer' | 'stream'): CocoonError {
  const error = CocoonError.from(reason, 'ERR_ABORTED', { phase, charged: 'unknown' })
  const { code, message, charged, httpStatus, remedy, cause } = error
  return new CocoonError(code, message, { phase, charged, httpStatus, remedy, cause })
}

/** JSON text of a value that a peer sent. @throws CocoonError `ERR_STREAM_INVALID` when it is nested too deep to be written. */
export function writeJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    throw new CocoonError('ERR_STREAM_INVALID', 'the stream holds an event that cannot be written again', {
      phase: 'stream',
      charged: 'unknown',
      httpStatus: 502
    })
  }
}

/** Whether an answer was charged, by what its final message says. */
export function chargedBy(final: InferenceFinal | undefined): Charged {
  if (final?.complete !== true || final.tokensUsed === undefined) return 'unknown'
  return final.tokensUsed.total === 0n ? 'no' : 'yes'
}
