/**
 * A worker: validates and rewrites a request, asks its upstream, passes the answer on in one of three ways.
 *
 * Source: session.md §6.2, §7, §8; v3.md §3, §4.
 *
 * @module
 */
import { concatBytes } from '../../encoding/index.js'
import type { TlValue } from '../../encoding/tl/index.js'
import type { NetworkKeyPair } from '../../envelope/index.js'
import type { TokenPrices } from '../../payments/pricing/index.js'
import type { Lifetime } from '../lifetime.js'
import { raceSignal } from '../lifetime.js'
import type { Upstream, UpstreamResponse } from '../upstream/index.js'
import { readBatches } from './batches.js'
import { createBodyFilter, type BodyFilter, type WorkerBehaviour } from './body-filter.js'
import { openRequest, type OpenedRequest } from './encryption.js'
import { dumpJson, JsonFloat } from './json.js'
import { WorkerRejection, type RewrittenRequest } from './rejection.js'
import { rewriteRequest2025 } from './request-2025.js'
import { rewriteRequest2026 } from './request-2026.js'
import { ZERO_TOKENS, type WorkerFinal, type WorkerStep } from './steps.js'

/** What a worker needs to run. */
export interface WorkerSettings {
  /** Model base name. */
  readonly model: string
  /** How answer bodies are passed on. */
  readonly behaviour: WorkerBehaviour
  /** Which program checks requests, and spells heads and failures. */
  readonly rules: 'dec-2025' | 'apr-2026'
  readonly upstream: Upstream
  readonly prices: TokenPrices
  readonly lifetime: Lifetime
  /** Unix milliseconds, fractional. */
  readonly now: () => number
}

/** One request as the proxy forwards it. */
export interface WorkerQuery {
  readonly http: TlValue<'http.request'>
  /** Total budget in the proxy, seconds. */
  readonly timeoutSeconds: number
  readonly enableDebug: boolean
  /** The network's pair that the proxy sends along with an encrypted request. */
  readonly networkKey?: NetworkKeyPair | undefined
  /** Fires when nobody needs the answer any more (the devnet closes). */
  readonly signal: AbortSignal
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE'])
const NOTHING = new Uint8Array(0)

/** The header's value, or `''`. */
function header(headers: ReadonlyArray<{ readonly name: string; readonly value: string }>, name: string): string {
  return headers.find((item) => item.name.toLowerCase() === name)?.value ?? ''
}

/** The upstream did not answer in the time it had. */
class UpstreamTimeout extends Error {}
/** The worker's own alarm. */
class WorkerTimeout extends Error {}

/** One run of a worker. */
class WorkerRun {
  readonly #worker: DevnetWorker
  readonly #query: WorkerQuery
  readonly #startSeconds: number
  #receiveStartSeconds = 0
  #seal: OpenedRequest['seal']

  constructor(worker: DevnetWorker, query: WorkerQuery) {
    this.#worker = worker
    this.#query = query
    this.#startSeconds = this.#seconds()
  }

  #seconds(): number {
    return this.#worker.settings.now() / 1000
  }

  #final(tokensUsed = ZERO_TOKENS): WorkerFinal {
    const endSeconds = this.#seconds()
    const debug = dumpJson(
      Object.assign(Object.create(null), {
        type: 'worker_stats',
        start_time: new JsonFloat(this.#startSeconds),
        answer_receive_start_at: new JsonFloat(this.#receiveStartSeconds),
        answer_receive_end_at: new JsonFloat(endSeconds)
      })
    )
    return {
      tokensUsed,
      startSeconds: this.#startSeconds,
      endSeconds,
      debug: this.#query.enableDebug ? debug : undefined
    }
  }

  #error(code: number, text: string): WorkerStep {
    return { kind: 'error', code, text: `worker: ${text}`, final: this.#final() }
  }

  /** Validation that concerns the HTTP envelope, then the body. */
  async #rewrite(): Promise<RewrittenRequest & { readonly path: string }> {
    const { http } = this.#query
    const { model, rules } = this.#worker.settings
    if (!METHODS.has(http.method)) throw new WorkerRejection(0, 'unknown method')
    if (http.httpVersion !== 'HTTP/1.0' && http.httpVersion !== 'HTTP/1.1')
      throw new WorkerRejection(0, 'unknown http version')
    if (http.headers.some(({ name, value }) => /[\r\n\0]/.test(name + value)))
      throw new WorkerRejection(0, 'bad header')
    const slash = http.url.indexOf('/')
    const path = slash < 0 ? '' : http.url.slice(slash)
    if (rules === 'dec-2025')
      return { ...rewriteRequest2025(path, new TextDecoder().decode(http.payload), model), path }
    const contentType = header(http.headers, 'content-type')
    const isForm = path === '/v1/audio/transcriptions'
    const { payload, seal } = await openRequest(isForm, contentType, http.payload, this.#query.networkKey)
    this.#seal = seal
    return { ...rewriteRequest2026(path, contentType, payload, model), path }
  }

  /** Headers for the upstream, or `undefined` when they break the December worker's backend call. */
  #upstreamHeaders(): Array<readonly [string, string]> | undefined {
    const old = this.#worker.settings.rules === 'dec-2025'
    const kept = this.#query.http.headers.filter(({ name }) => {
      const lower = name.toLowerCase()
      if (lower === 'content-length') return false
      return !(old ? ['transfer-encoding', 'connection'] : ['host', 'transfer-encoding', 'connection']).includes(
        old ? name : lower
      )
    })
    if (old && kept.some(({ name }) => /^(?:transfer-encoding|connection)$/i.test(name))) return undefined
    return kept.map(({ name, value }) => [name, value] as const)
  }

  #head(
    status: number,
    reason: string,
    upstream: UpstreamResponse['headers'],
    body: boolean
  ): TlValue<'http.response'> {
    const old = this.#worker.settings.rules === 'dec-2025'
    const hop = old
      ? ['content-length', 'transfer-encoding', 'connection']
      : ['host', 'connection', 'transfer-encoding', 'content-length']
    const headers = upstream
      // December compares the original spelling, so `Content-Length` survives and is stale.
      .filter(([name]) => !hop.includes(old ? name : name.toLowerCase()))
      .map(([name, value]) => ({ name, value }))
    if (old) headers.push({ name: 'Connection', value: 'Close' })
    this.#receiveStartSeconds = this.#seconds()
    headers.push(
      { name: 'X-Cocoon-Worker-Start', value: this.#startSeconds.toFixed(6) },
      { name: 'X-Cocoon-Worker-End', value: this.#receiveStartSeconds.toFixed(6) },
      body ? { name: 'Transfer-Encoding', value: 'chunked' } : { name: 'Content-Length', value: '0' }
    )
    return {
      type: 'http.response',
      httpVersion: 'HTTP/1.1',
      statusCode: status,
      reason: old ? reason : '',
      headers,
      payload: NOTHING
    }
  }

  /** A gateway-like answer of the HTTP client inside the worker. */
  *#gatewayAnswer(): Generator<WorkerStep> {
    const old = this.#worker.settings.rules === 'dec-2025'
    yield { kind: 'head', response: this.#head(old ? 504 : 502, old ? 'Gateway Timeout' : '', [], true) }
    yield { kind: 'final', bytes: NOTHING, final: this.#final() }
  }

  async *run(): AsyncGenerator<WorkerStep> {
    const { lifetime, rules } = this.#worker.settings
    let rewritten: RewrittenRequest & { readonly path: string }
    try {
      rewritten = await this.#rewrite()
    } catch (error) {
      if (!(error instanceof WorkerRejection)) throw error
      return yield this.#error(error.code, `invalid http request: ${error.message}`)
    }
    const headers = this.#upstreamHeaders()
    if (headers === undefined) return yield this.#error(0, 'http failed: Lost promise')

    const upstreamAbort = new AbortController()
    const alarm = new AbortController()
    const budgetMs = this.#query.timeoutSeconds * 1000
    const abortAll = (): void => {
      upstreamAbort.abort(this.#query.signal.reason)
      alarm.abort(this.#query.signal.reason)
    }
    this.#query.signal.addEventListener('abort', abortAll, { once: true })
    const releases = [
      lifetime.setTimer(() => upstreamAbort.abort(new UpstreamTimeout('upstream timeout')), budgetMs * 0.9025),
      lifetime.setTimer(() => alarm.abort(new WorkerTimeout('timeout')), budgetMs * 0.95)
    ]
    try {
      const request = {
        path: rewritten.path,
        headers,
        body: rewritten.body,
        json: rewritten.json,
        stream: rewritten.stream
      }
      let response: UpstreamResponse
      try {
        response = await raceSignal(
          this.#worker.settings.upstream({ ...request, signal: alarm.signal }),
          upstreamAbort.signal
        )
      } catch (error) {
        if (rules === 'dec-2025' && !(error instanceof UpstreamTimeout)) {
          return yield this.#error(0, `http failed: ${error instanceof Error ? error.message : 'unknown'}`)
        }
        return yield* this.#gatewayAnswer()
      }
      yield* this.#pass(response, alarm.signal)
    } finally {
      for (const release of releases) release()
      this.#query.signal.removeEventListener('abort', abortAll)
      // Lets go of an upstream that is still producing.
      alarm.abort(new WorkerTimeout('finished'))
    }
  }

  async *#pass(response: UpstreamResponse, alarm: AbortSignal): AsyncGenerator<WorkerStep> {
    const { settings, coefficient } = this.#worker
    const head = this.#head(response.status, response.reason, response.headers, response.body !== undefined)
    if (response.body === undefined) return yield { kind: 'head', response: head, final: this.#final() }
    yield { kind: 'head', response: head }
    const filter = createBodyFilter(settings.behaviour, coefficient, settings.prices)
    const old = settings.rules === 'dec-2025'
    try {
      for await (const batch of readBatches(response.body, settings.behaviour === 'dec-2025', alarm)) {
        yield* this.#batch(filter, batch.chunks, batch.last)
      }
    } catch (error) {
      if (error instanceof WorkerTimeout) yield this.#error(652, 'timeout')
      else if (old) yield this.#error(0, `failed to get payload: ${error instanceof Error ? error.message : 'unknown'}`)
      // April takes a broken body for a complete one.
      else yield { kind: 'final', bytes: await this.#sealed(filter.end()), final: this.#final(filter.tokensUsed) }
    }
  }

  async #sealed(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#seal === undefined ? bytes : this.#seal(bytes)
  }

  async *#batch(filter: BodyFilter, chunks: readonly Uint8Array[], last: boolean): AsyncGenerator<WorkerStep> {
    const ready: Uint8Array[] = []
    for (const chunk of chunks) {
      const bytes = filter.push(chunk)
      if (bytes.length > 0) ready.push(bytes)
    }
    if (last) {
      const bytes = await this.#sealed(concatBytes(...ready, filter.end()))
      yield { kind: 'final', bytes, final: this.#final(filter.tokensUsed) }
    } else if (ready.length > 0) {
      yield { kind: 'part', bytes: await this.#sealed(concatBytes(...ready)) }
    }
  }
}

/** A worker with its slots and its price. */
export class DevnetWorker {
  readonly settings: WorkerSettings
  /** Price coefficient, 1/1000. May be changed while running. */
  coefficient: number
  maxActiveRequests: number
  enabled = true
  /** Requests running now, over all proxies. */
  running = 0

  constructor(settings: WorkerSettings, coefficient: number, maxActiveRequests: number) {
    this.settings = settings
    this.coefficient = coefficient
    this.maxActiveRequests = maxActiveRequests
  }

  /** The same worker in front of another upstream; it has its own slots. */
  withUpstream(upstream: Upstream): DevnetWorker {
    return new DevnetWorker({ ...this.settings, upstream }, this.coefficient, this.maxActiveRequests)
  }

  /** Runs one request; ends with exactly one `final`, `error` or final `head`, unless the query's signal fires. */
  async *answer(query: WorkerQuery): AsyncGenerator<WorkerStep> {
    if (this.running >= this.maxActiveRequests) {
      const seconds = this.settings.now() / 1000
      const final = { tokensUsed: ZERO_TOKENS, startSeconds: seconds, endSeconds: seconds, debug: undefined }
      return yield { kind: 'error', code: 602, text: 'too many active queries', final }
    }
    this.running++
    try {
      yield* new WorkerRun(this, query).run()
    } finally {
      this.running--
    }
  }
}
