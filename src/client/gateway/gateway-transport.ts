/**
 * Carries requests over a gateway: somebody else's client with a payment channel, reached by HTTPS. Runs wherever `fetch`
 * does. The gateway is not trusted with anything that the encrypting layer above can hide from it.
 *
 * @module
 */
import { encodeUtf8 } from '../../encoding/utf8.js'
import { CocoonError } from '../../errors.js'
import type {
  CallBudget,
  InferenceAnswer,
  InferenceFinal,
  InferencePeer,
  InferenceRequest,
  InferenceTransport
} from '../../runtime/ports/inference.js'
import { callWatcher } from '../../runtime/shared/index.js'
import { watchBodyEnd } from './body-end.js'
import type { GatewayEndpoint } from './endpoint.js'
import { discard, exchange, type ExchangeSettings, readParts, readText } from './exchange.js'
import type { GatewayOptions } from './options.js'
import type * as Refusals from './refusal.js'

/**
 * Version that the network behind a gateway is taken to speak: a gateway does not say. Versions up to 2 know no
 * encryption; the option `rules` names others.
 */
const ASSUMED_VERSION = 4
const MAX_ERROR_BYTES = 1_048_576
/** What workers and gateways assume where the body says nothing. */
const DEFAULT_MAX_COEFFICIENT = 4000
const DEFAULT_TIMEOUT_SECONDS = 120

/**
 * A carrier over one gateway. Requests are never repeated; redirects are refused; the origin is fixed.
 *
 * @param endpoint - See `parseEndpoint`.
 */
export function createGatewayTransport(
  endpoint: GatewayEndpoint,
  options: Pick<GatewayOptions, 'headers' | 'fetch'>
): GatewayTransport {
  // Called as a function: browsers refuse a `fetch` with another `this`.
  const fetch: typeof globalThis.fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init)
  const settings = { endpoint, headers: options.headers, fetch }
  const peer: InferencePeer = {
    address: endpoint.origin,
    protocolVersion: ASSUMED_VERSION,
    attestationId: null,
    verified: false
  }
  const exchanges = new Set<AbortController>()
  let closeReason: CocoonError | undefined
  /** Ends with the budget, the answer's `cancel` or the transport, whichever is first. */
  function open(budget: CallBudget): OpenExchange {
    if (closeReason !== undefined) throw closeReason
    budget.signal.throwIfAborted()
    const controller = new AbortController()
    const onBudget = (): void => controller.abort(budget.signal.reason)
    budget.signal.addEventListener('abort', onBudget, { once: true })
    exchanges.add(controller)
    return {
      signal: controller.signal,
      abort: (reason) => controller.abort(reason),
      release() {
        budget.signal.removeEventListener('abort', onBudget)
        exchanges.delete(controller)
      }
    }
  }
  return {
    async send(prepare, budget) {
      if (closeReason !== undefined) throw closeReason
      const request = await prepare(peer)
      const call = open(budget)
      try {
        return await sendRequest(settings, peer, request, budget, call)
      } catch (error) {
        call.release()
        throw error
      }
    },
    async listWorkerTypes(budget) {
      const call = open(budget)
      try {
        const { listModels } = await import('./list-models.js').catch((cause: unknown) => {
          throw CocoonError.from(cause, 'ERR_INTERNAL', { phase: 'gateway' })
        })
        return { peer, types: await listModels(settings, call.signal) }
      } finally {
        call.release()
      }
    },
    async close() {
      closeReason ??= new CocoonError('ERR_CLOSED', 'the client was closed', { phase: 'close' })
      for (const controller of exchanges) controller.abort(closeReason)
    }
  }
}

/** A carrier that can be closed: what is pending then fails with `ERR_CLOSED`, as does every later call. */
export interface GatewayTransport extends InferenceTransport {
  close(): Promise<void>
}

interface OpenExchange {
  readonly signal: AbortSignal
  abort(reason: CocoonError): void
  release(): void
}

async function sendRequest(
  settings: ExchangeSettings,
  peer: InferencePeer,
  request: InferenceRequest,
  budget: CallBudget,
  call: OpenExchange
): Promise<InferenceAnswer> {
  const { signal } = call
  const response = await exchange(settings, {
    method: 'POST',
    path: request.path,
    // `Host` names nobody here, and `fetch` sets the length.
    headers: request.headers.filter(([name]) => name.toLowerCase() !== 'host'),
    body: withSettings(request, budget),
    signal
  })
  // Before the status is looked at: a refusal is an error, which has no other way to say which request it was.
  const requestId = requestIdOf(response)
  if (requestId !== '') callWatcher(() => request.onSent?.(requestId))
  if (!response.ok) {
    const text = await readText(response, MAX_ERROR_BYTES, signal)
    const error = (await loadRefusals(response)).readRefusal(response.status, text)
    if (error !== undefined) throw error
    call.release()
    return answerOf(response, peer, listParts([encodeUtf8(text)]), Promise.resolve(finalOf(true)), call)
  }
  if (response.headers.get('content-type')?.toLowerCase().includes('text/html') === true) {
    discard(response)
    throw (await loadRefusals(response)).notTheApi('a page of HTML')
  }
  return streamOf(response, peer, request, call)
}

/** What reads refusals, loaded by the first. Without it what is known is the status, and nothing about a charge. */
function loadRefusals({ ok, status }: Response): Promise<typeof Refusals> {
  return import('./refusal.js').catch((cause: unknown) => {
    throw new CocoonError('ERR_GATEWAY', `the gateway answered with status ${status}, and no answer of the API`, {
      phase: 'gateway',
      httpStatus: ok ? 502 : status,
      charged: 'unknown',
      cause
    })
  })
}

function streamOf(
  response: Response,
  peer: InferencePeer,
  request: InferenceRequest,
  call: OpenExchange
): InferenceAnswer {
  const { signal } = call
  const end = watchBodyEnd(asksForStream(request))
  let settle: (final: InferenceFinal) => void = () => {}
  const final = new Promise<InferenceFinal>((resolve) => {
    settle = resolve
  })
  async function* parts(): AsyncGenerator<Uint8Array> {
    let complete = false
    try {
      for await (const part of readParts(response, signal, true)) {
        end.push(part)
        yield part
      }
      complete = end.isComplete()
    } finally {
      call.release()
      settle(finalOf(complete))
    }
  }
  signal.addEventListener('abort', () => settle(finalOf(false)), { once: true })
  return answerOf(response, peer, parts(), final, call)
}

function answerOf(
  response: Response,
  peer: InferencePeer,
  parts: InferenceAnswer['parts'],
  final: Promise<InferenceFinal>,
  call: OpenExchange
): InferenceAnswer {
  return {
    requestId: requestIdOf(response),
    peer,
    status: response.status,
    headers: [...response.headers],
    parts,
    final,
    cancel(reason) {
      call.abort(CocoonError.from(reason, 'ERR_ABORTED', { phase: 'gateway', charged: 'unknown' }))
      call.release()
    }
  }
}

/** The id that the gateway gave the request; empty when it gave none that can be shown. */
function requestIdOf({ headers }: Response): string {
  return /^[\w.-]{1,128}$/.exec(headers.get('x-request-id') ?? '')?.[0] ?? ''
}

async function* listParts(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

/** A gateway's figures are its own; the surface takes costs from `usage`, where the worker wrote them. */
function finalOf(complete: boolean): InferenceFinal {
  return { complete, tokensUsed: undefined, workerDebug: undefined, proxyDebug: undefined, times: undefined }
}

function asksForStream(request: InferenceRequest): boolean {
  return request.body[0] === OPEN_BRACE && /"stream"\s*:\s*true/.test(new TextDecoder().decode(request.body))
}

const OPEN_BRACE = 0x7b

/**
 * The surface took these out of the body; a gateway takes them from nowhere else. They are numbers and truth values, under
 * names that stay in clear when a request is encrypted (v3.md §2.4). What is the default is left out, for gateways that
 * do not know the names.
 */
function withSettings(request: InferenceRequest, budget: CallBudget): Uint8Array {
  if (request.body[0] !== OPEN_BRACE) return request.body
  const seconds = Math.max(1, Math.ceil(budget.remainingMs() / 1000))
  let fields = ''
  if (request.maxCoefficient !== DEFAULT_MAX_COEFFICIENT) fields += `"max_coefficient":${request.maxCoefficient},`
  if (request.enableDebug) fields += '"enable_debug":true,'
  if (seconds !== DEFAULT_TIMEOUT_SECONDS) fields += `"timeout":${Math.min(seconds, 86_400)},`
  if (fields === '') return request.body
  const prefix = encodeUtf8(`{${fields}`)
  const body = new Uint8Array(prefix.length + request.body.length - 1)
  body.set(prefix)
  body.set(request.body.subarray(1), prefix.length)
  return body
}
