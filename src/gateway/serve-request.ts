/**
 * One admitted request: limits, money, the call, its answer, its receipt.
 *
 * @module
 */
import { type CallOutcome, outcomeOf } from '../client/openai/fetching/index.js'
import { CocoonError } from '../errors.js'
import type { GatewayReservation, GatewayUser } from './budget.js'
import type { GatewayReceipt } from './events.js'
import { gatewayError, ownError } from './failure.js'
import { type BodyEnd, guardBody } from './guarded-body.js'
import { type GatewayRequest, type ReadRequest, withDefaults } from './read-body.js'
import type { Call, GatewayState } from './state.js'

/** Headers of the client's answer that are passed on; all others stay behind. */
const PASSED_HEADERS = /^(?:content-type|cache-control|x-should-retry|x-cocoon-[a-z-]+)$/

/** The client ignores origins; only the path counts. */
const ORIGIN = 'http://cocoon.invalid'

/** `/v1/models` and one model. Costs nothing. `leave` is called at its end. */
export async function serveModels(state: GatewayState, call: Call, leave: () => void): Promise<Response> {
  const guard = createDeadline(state, call)
  try {
    const answer = await state.cocoon.fetch(ORIGIN + call.path, { signal: guard.signal })
    const response = new Response(await answer.arrayBuffer(), { status: answer.status, headers: passedHeaders(answer) })
    leave()
    return response
  } catch (cause) {
    throw ownError(cause)
  } finally {
    guard.release()
  }
}

/**
 * Serves a request to a model.
 *
 * @param leave - Counts the request out; called at the end of the answer. When this throws, the caller does that.
 */
export async function serveRequest(
  state: GatewayState,
  call: Call,
  user: GatewayUser,
  read: ReadRequest,
  leave: () => void
): Promise<Response> {
  const { about } = read
  checkLimits(state, about)
  const body = withDefaults(read, state.added)
  const estimateNano = state.estimateNano(about)
  const reservation = await reserve(state, user, estimateNano)
  const { requestId } = call
  const { path, model, isEncrypted, bytesIn } = about
  state.emit({ type: 'accepted', requestId, user: user.id, path, model, isEncrypted, bytesIn, estimateNano })
  const guard = createDeadline(state, call)
  let over: () => void = () => {}
  // From the start: whoever leaves in the middle of an answer must not take its settlement along.
  call.waitUntil?.(new Promise<void>((resolve) => (over = resolve)))
  const finish = (answer: Response | undefined, error: CocoonError | undefined, end: BodyEnd): void => {
    guard.release()
    leave()
    const ending = { state, call, user, about, estimateNano, reservation, answer, error, end }
    // The caller has its answer and does not wait for it. It catches what can fail in it.
    void settle(ending).then(over)
  }
  let answer: Response
  try {
    const headers: Record<string, string> = typeof body === 'string' ? { 'content-type': 'application/json' } : {}
    answer = await state.cocoon.fetch(ORIGIN + path, { method: 'POST', headers, body, signal: guard.signal })
  } catch (cause) {
    const error = ownError(cause)
    finish(undefined, error, { outcome: 'cut', bytesOut: 0 })
    return Promise.reject(error)
  }
  const headers = passedHeaders(answer)
  const source = answer.body
  if (source === null) {
    finish(answer, undefined, { outcome: 'complete', bytesOut: 0 })
    return new Response(null, { status: answer.status, headers })
  }
  const guarded = guardBody(source, {
    clock: state.clock,
    slowClientMs: state.limits.slowClientMs,
    signal: guard.signal,
    abort: guard.abort,
    onEnd: (end) => finish(answer, undefined, end)
  })
  return new Response(guarded, { status: answer.status, headers })
}

function checkLimits({ limits }: GatewayState, { maxTokens, maxCoefficient, model }: GatewayRequest): void {
  const refuse = (field: string, most: number): CocoonError =>
    gatewayError('ERR_REQUEST_FIELD', `field '${field}' is beyond what this gateway allows`, 400, {
      field,
      remedy: `at most ${most}`
    })
  if (limits.maxTokens !== undefined && maxTokens !== undefined && maxTokens > limits.maxTokens)
    throw refuse('max_tokens', limits.maxTokens)
  if (maxCoefficient !== undefined && maxCoefficient > limits.maxCoefficient)
    throw refuse('max_coefficient', limits.maxCoefficient)
  const name = model.split('@', 1)[0] as string
  if (limits.models !== undefined && !limits.models.includes(name))
    throw gatewayError('ERR_REQUEST_INVALID', 'this gateway does not serve that model', 404, { field: 'model' })
}

async function reserve(state: GatewayState, user: GatewayUser, estimateNano: bigint): Promise<GatewayReservation> {
  try {
    return await state.budget.reserve(user, estimateNano)
  } catch (cause) {
    if (CocoonError.is(cause)) throw cause
    throw gatewayError('ERR_LEDGER', 'the budget cannot be asked now', 503, { retryable: true })
  }
}

function passedHeaders(answer: Response): Headers {
  const headers = new Headers()
  for (const [name, value] of answer.headers) if (PASSED_HEADERS.test(name)) headers.set(name, value)
  const networkId = answer.headers.get('x-request-id')
  if (networkId !== null) headers.set('x-cocoon-request-id', networkId)
  return headers
}

interface Deadline {
  readonly signal: AbortSignal
  readonly abort: (reason: unknown) => void
  release(): void
}

/** The call's end by time, by the caller's leaving, and by the gateway's closing. */
function createDeadline({ clock, limits, closed, onClose }: GatewayState, { request }: Call): Deadline {
  const controller = new AbortController()
  const cancelTimer = clock.setTimer(() => {
    controller.abort(
      new CocoonError('ERR_TIMEOUT', `the call did not finish within ${limits.timeoutMs} ms`, {
        phase: 'gateway',
        charged: 'unknown',
        httpStatus: 504
      })
    )
  }, limits.timeoutMs)
  const left = (): void =>
    controller.abort(
      new CocoonError('ERR_ABORTED', 'the caller left', { phase: 'gateway', charged: 'unknown', httpStatus: 499 })
    )
  const onClosed = (): void => controller.abort(closed.reason)
  if (request.signal.aborted) left()
  request.signal.addEventListener('abort', left, { once: true })
  onClose.add(onClosed)
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release() {
      cancelTimer()
      request.signal.removeEventListener('abort', left)
      onClose.delete(onClosed)
    }
  }
}

interface Ending {
  readonly state: GatewayState
  readonly call: Call
  readonly user: GatewayUser
  readonly about: GatewayRequest
  readonly estimateNano: bigint
  readonly reservation: GatewayReservation
  readonly answer: Response | undefined
  readonly error: CocoonError | undefined
  readonly end: BodyEnd
}

/** Charges the budget and writes the receipt. Never rejects. */
async function settle(ending: Ending): Promise<void> {
  const { state, call, user, about, reservation, answer, error, end } = ending
  const known = answer === undefined ? undefined : outcomeOf(answer)
  const outcome: CallOutcome = (await known) ?? { charged: error?.charged ?? 'unknown' }
  const spent = spentOf(outcome, ending.estimateNano)
  const durationMs = state.clock.monotonic() - call.startedMs
  const status = answer?.status ?? error?.httpStatus ?? 502
  const receipt: GatewayReceipt = {
    requestId: call.requestId,
    networkRequestId: outcome.requestId,
    user: user.id,
    model: about.model,
    path: about.path,
    isEncrypted: about.isEncrypted,
    status,
    outcome: status >= 400 ? 'error' : end.outcome,
    startedAtMs: call.caller.nowMs,
    durationMs,
    bytesOut: end.bytesOut,
    tokensUsed: outcome.figures?.tokensUsed,
    charged: outcome.charged,
    spentNano: spent.nano,
    spentSource: spent.source,
    attestationId: outcome.attestationId
  }
  const run = async (callback: 'budget' | 'onReceipt', action: () => unknown): Promise<void> => {
    try {
      await action()
    } catch {
      state.emit({ type: 'callback-failed', callback, requestId: call.requestId })
    }
  }
  await run('budget', () =>
    spent.source === 'nothing' ? reservation.release(receipt) : reservation.settle(spent.nano, receipt)
  )
  state.emit({ type: 'finished', ...receipt })
  await run('onReceipt', () => state.onReceipt?.(receipt))
}

/** Where nothing is known, the estimate counts: a budget that errs must err to the safe side. */
function spentOf(
  { charged, figures }: CallOutcome,
  estimateNano: bigint
): { readonly nano: bigint; readonly source: GatewayReceipt['spentSource'] } {
  if (charged === 'no') return { nano: 0n, source: 'nothing' }
  if (figures?.costNano !== undefined && figures.costSource !== undefined)
    return { nano: figures.costNano, source: figures.costSource }
  return { nano: estimateNano, source: 'estimate' }
}
