/**
 * The way of an answer's bytes to the caller: pulled, never pushed, so that a slow caller slows the network down; cut when
 * nobody takes anything for too long; and with one end that is told exactly once.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import type { Clock } from '../runtime/ports/clock.js'

/** How the body of an answer ended. */
export interface BodyEnd {
  readonly outcome: 'complete' | 'cut'
  /** Bytes that the caller took. */
  readonly bytesOut: number
}

/** Options of {@link guardBody}. */
export interface GuardOptions {
  readonly clock: Clock
  /** Longest time without the caller taking anything, milliseconds. */
  readonly slowClientMs: number
  /** Cuts the body when it fires, also while the caller takes nothing. */
  readonly signal: AbortSignal
  /** Ends the call behind the body. */
  readonly abort: (reason: unknown) => void
  /** Called once. */
  readonly onEnd: (end: BodyEnd) => void
  /** Called at the first bytes. */
  readonly onFirstByte?: (() => void) | undefined
}

/** Wraps a body. */
export function guardBody(source: ReadableStream<Uint8Array>, options: GuardOptions): ReadableStream<Uint8Array> {
  const { clock, slowClientMs, signal, abort, onEnd } = options
  const reader = source.getReader()
  let bytesOut = 0
  let pendingBytes = 0
  let hasEnded = false
  /** Since when the caller owes a pull; `undefined` while the network owes bytes. */
  let waitingSinceMs: number | undefined
  let cancelTimer: () => void = () => {}
  let fail: (reason: unknown) => void = () => {}

  function end(outcome: BodyEnd['outcome']): void {
    if (hasEnded) return
    hasEnded = true
    cancelTimer()
    signal.removeEventListener('abort', onAbort)
    onEnd({ outcome, bytesOut })
  }
  function onAbort(): void {
    cut(signal.reason)
    fail(signal.reason)
  }
  function cut(reason: unknown): void {
    end('cut')
    abort(reason)
    reader.cancel(reason).catch(() => {})
  }
  // One timer for the whole body instead of one per chunk: it looks after the deadline and is set anew.
  function watch(delayMs: number): void {
    cancelTimer = clock.setTimer(() => {
      if (hasEnded) return
      const waitedMs = waitingSinceMs === undefined ? 0 : clock.monotonic() - waitingSinceMs
      if (waitedMs < slowClientMs) return watch(slowClientMs - waitedMs)
      const reason = new CocoonError('ERR_TIMEOUT', 'the caller took no bytes for too long', {
        phase: 'gateway',
        charged: 'unknown'
      })
      cut(reason)
      fail(reason)
    }, delayMs)
  }

  watch(slowClientMs)
  signal.addEventListener('abort', onAbort, { once: true })
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        fail = (reason) => controller.error(reason)
        waitingSinceMs = clock.monotonic()
      },
      async pull(controller) {
        waitingSinceMs = undefined
        bytesOut += pendingBytes
        pendingBytes = 0
        try {
          const step = await reader.read()
          if (hasEnded) return
          if (step.done) {
            end('complete')
            return controller.close()
          }
          if (bytesOut === 0) options.onFirstByte?.()
          pendingBytes = step.value.length
          waitingSinceMs = clock.monotonic()
          controller.enqueue(step.value)
        } catch (reason) {
          if (hasEnded) return
          end('cut')
          controller.error(reason)
        }
      },
      cancel(reason) {
        cut(reason)
      }
    },
    { highWaterMark: 0 }
  )
}
