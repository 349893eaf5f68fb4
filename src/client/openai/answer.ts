/**
 * Sends a request and takes the answer: as a stream of events, or whole.
 *
 * @module
 */
import { concatBytes } from '../../encoding/bytes.js'
import { decodeUtf8 } from '../../encoding/utf8.js'
import { CocoonError, PEER_TEXT_LIMIT } from '../../errors.js'
import type { InferenceAnswer, InferenceFinal } from '../../runtime/ports/inference.js'
import { createCallBudget, type OwnedCallBudget } from './call-budget.js'
import type { CallContact } from './contact.js'
import { bodyFailure, budgetEnded, chargedBy, TruncatedStreamError } from './errors.js'
import { createEventReader, type EventReader } from './event-reader.js'
import { type CallFigures, claimedCostNano, computeFigures } from './figures.js'
import type { SurfaceContext } from './options.js'
import { redactError } from './redact.js'
import type { PendingRequest } from './request-fields.js'

/** An answer whose head has come with a good status, or with any status where the caller takes it as it is. */
export interface OpenAnswer {
  readonly answer: InferenceAnswer
  readonly budget: OwnedCallBudget
  readonly redact: (error: CocoonError) => CocoonError
  /** See {@link PendingRequest.isSealed}. */
  readonly isSealed: boolean
}

/** A whole answer. */
export interface WholeAnswer {
  /** The JSON text as received. */
  readonly text: string
  readonly value: object
  readonly figures: CallFigures
}

/**
 * Sends and waits for the head.
 *
 * @param options.anyStatus - Resolve also for a bad status, whose body is then the caller's to read. Default `false`.
 * @param options.contact - Filled in as the call goes.
 * @throws CocoonError of any phase, the prompt cut out; `ERR_UPSTREAM_HTTP` for a status that is not 2xx.
 */
export async function openAnswer(
  context: SurfaceContext,
  request: PendingRequest,
  { anyStatus = false, contact = {} }: { readonly anyStatus?: boolean; readonly contact?: CallContact } = {}
): Promise<OpenAnswer> {
  const redact = (error: CocoonError): CocoonError => redactError(error, [request.source, context.confidential])
  let asked = false
  const budget = createCallBudget({
    clock: context.clock,
    timeoutMs: request.timeoutMs,
    signal: request.signal,
    charged: () => (asked ? 'unknown' : 'no')
  })
  try {
    budget.signal.throwIfAborted()
    const answer = await context.transport.send((peer) => {
      contact.peer = peer
      const prepared = request.prepare(peer)
      asked = true
      return { ...prepared, onSent: (requestId) => (contact.requestId = requestId) }
    }, budget)
    contact.requestId = answer.requestId
    const isGood = answer.status >= 200 && answer.status <= 299
    if (isGood || anyStatus) return { answer, budget, redact, isSealed: request.isSealed }
    throw await upstreamError(answer)
  } catch (cause) {
    budget.release()
    throw redact(CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'query', charged: 'unknown' }))
  }
}

/** Reads the answer as a stream of events; the reader releases the budget. */
export function readEvents(context: SurfaceContext, open: OpenAnswer): EventReader {
  const { maxEventChars, priceAt } = context
  return createEventReader({ ...open, maxEventChars, pricePerTokenNano: priceAt(open.answer.peer) })
}

/**
 * Reads the answer whole and releases the budget.
 *
 * @throws CocoonError `ERR_ANSWER_INVALID` | `ERR_ANSWER_TOO_LARGE` | `ERR_STREAM_TRUNCATED` and what the carrier throws.
 */
export async function readWhole(context: SurfaceContext, open: OpenAnswer): Promise<WholeAnswer> {
  const { answer, budget, redact, isSealed } = open
  const onBudget = (): void => answer.cancel(budgetEnded(budget.signal.reason, 'answer'))
  budget.signal.addEventListener('abort', onBudget, { once: true })
  try {
    const { text, final } = await collectText(answer, context.maxAnswerBytes)
    const value = parseObject(text, final, isSealed)
    return { text, value, figures: computeFigures(final, context.priceAt(answer.peer), claimedCostNano(value)) }
  } catch (cause) {
    const error = redact(bodyFailure(cause))
    answer.cancel(error)
    throw error
  } finally {
    budget.signal.removeEventListener('abort', onBudget)
    budget.release()
  }
}

/** All parts as text, and the final message that proves them complete. */
async function collectText(
  answer: InferenceAnswer,
  maxBytes: number
): Promise<{ readonly text: string; readonly final: InferenceFinal }> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of answer.parts) {
    length += part.length
    if (length > maxBytes) {
      throw new CocoonError('ERR_ANSWER_TOO_LARGE', `the answer is longer than ${maxBytes} bytes`, {
        phase: 'answer',
        charged: 'unknown',
        httpStatus: 502
      })
    }
    if (part.length > 0) parts.push(part)
  }
  const final = await answer.final
  if (!final.complete) throw new TruncatedStreamError({})
  return { text: decodeUtf8(parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts)), final }
}

/** The answer as a JSON object; what an encrypted one says is for its reader. @throws CocoonError `ERR_ANSWER_INVALID`. */
function parseObject(text: string, final: InferenceFinal, isSealed: boolean): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Not an object, like every other thing below; the engine's own error quotes the text and is not kept.
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isObject && (isSealed || !(value as { error?: unknown }).error)) return value as object
  const message =
    text.trim() === ''
      ? 'the answer is empty'
      : isObject
        ? 'the answer is an error object'
        : 'the answer is not a JSON object'
  throw new CocoonError('ERR_ANSWER_INVALID', message, {
    phase: 'answer',
    charged: chargedBy(final),
    httpStatus: 502,
    peerText: text
  })
}

/** Bytes of an error's body that are waited for; a longer one is given up, and its charge with it. */
const MAX_ERROR_BYTES = 65_536

/** The error for a status that is not 2xx, with the beginning of its body; never repeated, since the query went out. */
async function upstreamError(answer: InferenceAnswer): Promise<CocoonError> {
  let peerText = ''
  let final: InferenceFinal | undefined
  try {
    const kept: Uint8Array[] = []
    let length = 0
    for await (const part of answer.parts) {
      if (length < PEER_TEXT_LIMIT * 4) kept.push(part.subarray(0, PEER_TEXT_LIMIT * 4))
      length += part.length
      if (length > MAX_ERROR_BYTES) break
    }
    peerText = decodeUtf8(concatBytes(...kept))
    if (length > MAX_ERROR_BYTES) answer.cancel(undefined)
    else final = await answer.final
  } catch {
    // The status says what matters; a body that broke off changes nothing about it.
  }
  const { status } = answer
  return new CocoonError('ERR_UPSTREAM_HTTP', `the inference server answered with status ${status}`, {
    phase: 'answer',
    charged: chargedBy(final),
    httpStatus: status >= 400 && status <= 599 ? status : 502,
    peerText: peerText === '' ? undefined : peerText
  })
}
