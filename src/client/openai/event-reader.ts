/**
 * Reads the events of one streamed answer: joins the parts, the parser, the time budget and the final message, and
 * turns everything that can go wrong into one typed error.
 *
 * @module
 */
import type { CocoonError } from '../../errors.js'
import type { InferenceAnswer } from '../../runtime/ports/inference.js'
import { completionToChunks, isWholeCompletion } from './buffered-chunks.js'
import type { OwnedCallBudget } from './call-budget.js'
import { bodyFailure, budgetEnded, chargedBy, EmptyStreamError, TruncatedStreamError, writeJson } from './errors.js'
import { createEventParser, errorEvent, invalidEvent } from './event-parser.js'
import { createEventRepeater } from './repeated-event.js'
import { type CallFigures, claimedCostNano, computeFigures } from './figures.js'

/** What {@link createEventReader} works on. */
export interface EventReaderOptions {
  readonly answer: InferenceAnswer
  readonly budget: OwnedCallBudget
  readonly maxEventChars: number
  readonly pricePerTokenNano: bigint | undefined
  /** Cuts the prompt out of an error. */
  readonly redact: (error: CocoonError) => CocoonError
  /** Events are encrypted: each passes as it is. Default `false`. */
  readonly isSealed?: boolean | undefined
}

/** Pull reader of JSON events. Not for concurrent use. */
export interface EventReader {
  /**
   * The next event that is already here, or `undefined`.
   *
   * @throws CocoonError what ended the stream, once; afterwards the reader is at its end.
   */
  poll(): object | undefined
  /** JSON text of the last polled event, in one line and otherwise as received. @throws CocoonError `ERR_STREAM_INVALID`. */
  lastText(): string
  /** Waits for more. `false` at the end. Throws as {@link EventReader.poll}. */
  pull(): Promise<boolean>
  /** Gives the stream up with this reason; what is buffered is dropped. Nothing happens after the end. */
  abort(reason: CocoonError): void
  /** Resolves when the stream is over and the peer's figures are known. Never rejects. */
  readonly figures: Promise<CallFigures>
}

/** Starts reading; the budget is released at the end of the stream, whatever it is. */
export function createEventReader({
  answer,
  budget,
  maxEventChars,
  pricePerTokenNano,
  redact,
  isSealed = false
}: EventReaderOptions): EventReader {
  const parser = createEventParser(maxEventChars)
  const repeater = createEventRepeater()
  const parts = answer.parts[Symbol.asyncIterator]()
  let converted: object[] = []
  let text: string | undefined
  let lastValue: object | undefined
  let finished = false
  let ended = false
  let stopped: CocoonError | undefined
  let claimNano: bigint | undefined
  let settle: () => void = () => {}
  const settled = new Promise<void>((resolve) => {
    settle = resolve
  })
  const onBudget = (): void => abort(budgetEnded(budget.signal.reason, 'stream'))

  function end(): void {
    ended = true
    budget.signal.removeEventListener('abort', onBudget)
    budget.release()
    settle()
  }
  function fail(cause: unknown): CocoonError {
    const error = redact(stopped ?? bodyFailure(cause))
    if (!ended) {
      end()
      answer.cancel(error)
    }
    return error
  }
  function abort(reason: CocoonError): void {
    if (ended || stopped !== undefined) return
    stopped = reason
    answer.cancel(reason)
    budget.release()
    settle()
  }

  function poll(): object | undefined {
    if (ended) return undefined
    if (stopped !== undefined) throw fail(stopped)
    if (converted.length > 0) {
      text = undefined
      return (lastValue = converted.shift())
    }
    text = parser.take()
    if (text === undefined) {
      if (parser.failure !== undefined) throw fail(parser.failure)
      return undefined
    }
    return accept(text)
  }

  function accept(json: string): object | undefined {
    const repeated = repeater.read(json)
    if (repeated !== undefined) return (lastValue = repeated)
    let value: unknown
    try {
      value = JSON.parse(json)
    } catch {
      // The engine's own error quotes the text, which may echo the prompt: it is not kept as a cause.
      throw fail(invalidEvent(json))
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail(invalidEvent(json))
    const event = value as { error?: unknown; object?: unknown; usage?: unknown }
    if (!isSealed && (event.error || event.object === 'error')) throw fail(errorEvent(json))
    if (event.usage) claimNano = claimedCostNano(event) ?? claimNano
    if (isSealed || !isWholeCompletion(event)) {
      repeater.learn(json)
      return (lastValue = event)
    }
    const chunks = completionToChunks(event)
    if (chunks === undefined) throw fail(invalidEvent(json))
    converted = chunks
    return poll()
  }

  async function pull(): Promise<boolean> {
    if (ended) return false
    if (finished) {
      end()
      return false
    }
    try {
      const step = await parts.next()
      if (stopped !== undefined) throw stopped
      if (step.done !== true) {
        parser.push(step.value)
        return true
      }
      return await finish()
    } catch (cause) {
      throw fail(cause)
    }
  }

  async function finish(): Promise<boolean> {
    const final = await answer.final
    if (!final.complete) throw new TruncatedStreamError({})
    finished = true
    parser.finish()
    if (parser.eventCount === 0 && parser.failure === undefined)
      throw new EmptyStreamError({ charged: chargedBy(final) })
    return true
  }

  if (budget.signal.aborted) onBudget()
  else budget.signal.addEventListener('abort', onBudget, { once: true })
  return {
    poll,
    lastText: () => (text === undefined ? writeJson(lastValue) : text.replace(/[\r\n]+/g, ' ')),
    pull,
    abort,
    figures: settled.then(() => answer.final).then((final) => computeFigures(final, pricePerTokenNano, claimNano))
  }
}
