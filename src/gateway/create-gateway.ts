/**
 * The handler: routes, decides who may, and hands requests to the client.
 *
 * @module
 */
import { CocoonError } from '../errors.js'
import { errorResponse } from '../client/openai/fetching/index.js'
import { Admission } from './admission.js'
import type { GatewayUser } from './budget.js'
import { createCors } from './cors.js'
import type { GatewayEvent } from './events.js'
import { gatewayError, ownError, unauthorized } from './failure.js'
import { GatewayMetrics } from './metrics.js'
import { type Caller, type GatewayOptions, resolveOptions, type WaitUntil } from './options.js'
import { readRequest } from './read-body.js'
import { serveModels, serveRequest } from './serve-request.js'
import type { Call, GatewayState } from './state.js'

/**
 * A gateway: a handler in the shape of the Fetch standard. Safe to call in parallel; needs no `this`.
 *
 * What a runtime hands over beside the request (`env` and `ctx` in Workers, `info` in Deno, `server` in Bun) may be handed
 * on as it is: of it, only a function `waitUntil` is used.
 */
export interface Gateway {
  (request: Request, ...platform: readonly unknown[]): Promise<Response>
  /** Requests that run now. */
  readonly activeRequests: number
  /** What `/metrics` shows. */
  metricsText(): string
  /** Ends what runs (its callers see a broken answer) and answers 503 from now on. The client is the operator's to close. */
  close(): void
}

const POST_PATHS: readonly string[] = ['/v1/chat/completions', '/v1/completions', '/v1/audio/transcriptions']
const MODEL_PATH = /^\/v1\/models(?:\/.{1,512})?$/

/**
 * Makes the handler of a gateway: OpenAI's paths for many users, paid by one account.
 *
 * It answers `/v1/chat/completions`, `/v1/completions`, `/v1/audio/transcriptions`, `/v1/models`, `/v1/models/{id}`,
 * `/healthz`, `/attestation`, and `/metrics` where that is switched on. Everything but `/healthz` and `/attestation` asks
 * `authorize`. Errors have OpenAI's shape. Headers of callers are never passed on, and answers carry no header of another
 * request. Bodies that their author encrypted to the workers pass as they are.
 *
 * @throws CocoonError `ERR_OPTIONS`.
 * @example
 * ```ts
 * const gateway = createGateway({ cocoon, authorize: telegramInitData({ botToken }), budget: memoryBudget({ perUserNano }) })
 * export default { fetch: gateway } // Workers, Bun, Deno; app.all('*', (c) => gateway(c.req.raw)) in Hono
 * ```
 */
export function createGateway(options: GatewayOptions): Gateway {
  const resolved = resolveOptions(options)
  const { clock, onEvent } = resolved
  const cors = createCors(resolved.cors)
  const metrics = new GatewayMetrics(resolved.meter)
  const closing = new AbortController()
  const admission = new Admission(resolved.limits.maxConcurrent)
  const emit = (event: GatewayEvent): void => {
    try {
      metrics.observe(event)
      onEvent?.(event)
    } catch {
      // An operator's callback changes nothing.
    }
  }
  const onClose = new Set<() => void>()
  const state: GatewayState = { ...resolved, admission, closed: closing.signal, onClose, emit }

  async function handle(request: Request, platform: readonly unknown[]): Promise<Response> {
    const requestId = readRequestId(request.headers.get('x-request-id'))
    const url = new URL(request.url)
    const caller: Caller = { method: request.method, url, headers: request.headers, nowMs: clock.now() }
    const path = url.pathname.startsWith(resolved.basePath) ? url.pathname.slice(resolved.basePath.length) : ''
    const waitUntil = resolved.waitUntil ?? findWaitUntil(platform)
    const call: Call = { request, caller, path, requestId, startedMs: clock.monotonic(), waitUntil }
    let headers = new Headers({ vary: 'Origin' })
    let response: Response
    try {
      if (resolved.hosts !== undefined && !resolved.hosts.includes(url.hostname))
        throw gatewayError('ERR_REQUEST_INVALID', 'this gateway does not answer to that host name', 421)
      headers = cors.check(request.headers.get('origin'), url.origin)
      response =
        request.method === 'OPTIONS'
          ? cors.preflight(request.headers.get('access-control-request-headers'), headers)
          : await route(state, call, metrics)
    } catch (cause) {
      const error = ownError(cause)
      response = errorResponse(error)
      if (error.httpStatus === 405) response.headers.set('allow', allowedMethods(path))
      if (response.status === 429 || response.status === 503) response.headers.set('retry-after', '1')
      emit({ type: 'refused', requestId, status: response.status, code: error.code, path: knownPath(path) })
    }
    for (const [name, value] of headers) response.headers.set(name, value)
    response.headers.set('x-request-id', requestId)
    response.headers.set('x-content-type-options', 'nosniff')
    return response
  }

  return Object.defineProperty(
    Object.assign((request: Request, ...platform: readonly unknown[]) => handle(request, platform), {
      metricsText: () => metrics.toPrometheusText(),
      close() {
        closing.abort(gatewayError('ERR_CLOSED', 'the gateway was closed', 503))
        for (const end of [...onClose]) end()
      }
    }),
    'activeRequests',
    { get: () => admission.running }
  ) as Gateway
}

/** The last one counts: Workers hand over their bindings before the context, and a binding may have any name. */
function findWaitUntil(platform: readonly unknown[]): WaitUntil | undefined {
  const context = platform.findLast(
    (value) => typeof (Object(value) as { waitUntil?: unknown }).waitUntil === 'function'
  ) as { waitUntil: WaitUntil } | undefined
  // Called as a method: the context checks its `this`.
  return context === undefined ? undefined : (promise) => context.waitUntil(promise)
}

async function route(state: GatewayState, call: Call, metrics: GatewayMetrics): Promise<Response> {
  const { path, caller } = call
  const method = caller.method === 'HEAD' ? 'GET' : caller.method
  const isPost = POST_PATHS.includes(path)
  const isKnown = isPost || MODEL_PATH.test(path) || ['/healthz', '/metrics', '/attestation'].includes(path)
  if (!isKnown) throw notFound()
  if (method !== (isPost ? 'POST' : 'GET')) throw gatewayError('ERR_REQUEST_INVALID', 'the method is not allowed', 405)
  if (state.closed.aborted) throw gatewayError('ERR_CLOSED', 'the gateway is closed', 503)
  if (path === '/healthz') return Response.json({ status: 'ok', active_requests: state.admission.running })
  if (path === '/attestation') return await serveAttestation(state, call)
  if (path === '/metrics') {
    const isLet = typeof state.metrics === 'function' ? state.metrics(caller) : state.metrics
    if (!isLet) throw notFound()
    return new Response(metrics.toPrometheusText(), {
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
    })
  }
  const user = await identify(state, caller)
  const leave = state.admission.enter(user.id, user.maxConcurrent ?? state.limits.maxConcurrentPerUser)
  try {
    if (!isPost) return await serveModels(state, call, leave)
    const read = await readRequest(call.request, path, state.limits, state.clock)
    return await serveRequest(state, call, user, read, leave)
  } catch (error) {
    leave()
    throw error
  }
}

async function identify(state: GatewayState, caller: Caller): Promise<GatewayUser> {
  let user: GatewayUser
  try {
    user = await state.authorize(caller)
  } catch (cause) {
    // Whatever the operator's code threw may hold a token; only errors of ours are passed on.
    throw CocoonError.is(cause) ? cause : unauthorized()
  }
  if (typeof user?.id !== 'string' || user.id === '' || user.id.length > 256) throw unauthorized()
  return user
}

async function serveAttestation({ cocoon, limits, closed }: GatewayState, { request }: Call): Promise<Response> {
  if (typeof cocoon.attestation !== 'function') throw notFound()
  const signal = AbortSignal.any([request.signal, closed, AbortSignal.timeout(limits.timeoutMs)])
  return Response.json(await cocoon.attestation({ signal }), { headers: { 'cache-control': 'no-store' } })
}

function notFound(): CocoonError {
  return gatewayError('ERR_REQUEST_INVALID', 'there is no such path', 404)
}

function allowedMethods(path: string): string {
  return POST_PATHS.includes(path) ? 'POST, OPTIONS' : 'GET, HEAD, OPTIONS'
}

/** Paths of strangers stay out of events and figures. */
function knownPath(path: string): string {
  return POST_PATHS.includes(path) || /^\/[a-z]{1,20}$/.test(path)
    ? path
    : MODEL_PATH.test(path)
      ? '/v1/models'
      : 'other'
}

function readRequestId(given: string | null): string {
  return given !== null && /^[\w.-]{1,128}$/.test(given) ? given : crypto.randomUUID()
}
