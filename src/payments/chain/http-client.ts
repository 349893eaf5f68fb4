/**
 * HTTP for chain APIs: one request at a time per interval, bounded answers, a limit of time, and repeats where they can
 * help. Uses the `fetch` it is given.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { decodeUtf8Strict } from '../../encoding/index.js'
import type { Clock } from '../../runtime/ports/clock.js'
import { abortError, raceAbort, throwIfAborted } from '../../runtime/shared/index.js'
import { badResponse, unavailable } from './errors.js'

/** What every HTTP source can be given. */
export interface HttpSourceOptions {
  /** Base URL without a slash at the end. Default: the public endpoint of the source for the main network. */
  readonly endpoint?: string | undefined
  /** Key of the service. Without one the rate is 1 request per second. */
  readonly apiKey?: string | undefined
  /** Requests per second. Default 1 without a key, 10 with one; `0` means no limit. */
  readonly requestsPerSecond?: number | undefined
  /** Limit of one attempt. Default 15_000. */
  readonly timeoutMs?: number | undefined
  /** Attempts in all for failures that a repeat may cure (network, 429, 5xx). Default 3. */
  readonly maxAttempts?: number | undefined
  /** Largest answer, bytes. Default 8_388_608. */
  readonly maxResponseBytes?: number | undefined
  /** Default `globalThis.fetch`. */
  readonly fetch?: typeof fetch | undefined
  readonly clock: Clock
}

/** One request. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const DEFAULT_TIMEOUT_MS = 15_000
const DEFAULT_MAX_BYTES = 8_388_608
/** Longest wait that a server may ask for with Retry-After. */
const MAX_RETRY_AFTER_MS = 30_000
const FIRST_BACKOFF_MS = 500

/** Waits on the given clock; an abort ends the wait at once. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(abortError(signal, 'chain'))
    const onAbort = (): void => {
      cancel()
      if (signal !== undefined) reject(abortError(signal, 'chain'))
    }
    const cancel = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** A client of one source. */
export class HttpClient {
  readonly #name: string
  readonly #clock: Clock
  readonly #fetch: typeof fetch
  readonly #timeoutMs: number
  readonly #maxAttempts: number
  readonly #maxResponseBytes: number
  readonly #intervalMs: number
  #nextStartMs = 0

  constructor(name: string, options: HttpSourceOptions) {
    this.#name = name
    this.#clock = options.clock
    this.#fetch = options.fetch ?? ((...args) => globalThis.fetch(...args))
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    this.#maxAttempts = Math.max(1, options.maxAttempts ?? 3)
    this.#maxResponseBytes = options.maxResponseBytes ?? DEFAULT_MAX_BYTES
    const rate = options.requestsPerSecond ?? (options.apiKey === undefined ? 1 : 10)
    this.#intervalMs = rate > 0 ? 1000 / rate : 0
  }

  /**
   * The text of a 2xx answer.
   *
   * @throws CocoonError `ERR_CHAIN_UNAVAILABLE` after the last attempt, `ERR_CHAIN_RESPONSE` for other statuses and
   * oversized or non-UTF-8 answers, `ERR_ABORTED`.
   */
  async text(request: HttpRequest): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#waitForTurn(request.signal)
        return await this.#attempt(request)
      } catch (error) {
        const wait = retryDelayMs(error, attempt)
        if (wait === null || attempt >= this.#maxAttempts) throw error
        await delay(this.#clock, wait, request.signal)
      }
    }
  }

  /** The JSON of a 2xx answer. @throws as {@link HttpClient.text}. */
  async json(request: HttpRequest): Promise<unknown> {
    const text = await this.text(request)
    try {
      return JSON.parse(text) as unknown
    } catch (cause) {
      throw badResponse(this.#name, 'the answer is not JSON', cause)
    }
  }

  /** Reserves the next start; parallel callers queue up behind each other. */
  async #waitForTurn(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal, 'chain')
    if (this.#intervalMs === 0) return
    const now = this.#clock.monotonic()
    const start = Math.max(now, this.#nextStartMs)
    this.#nextStartMs = start + this.#intervalMs
    if (start > now) await delay(this.#clock, start - now, signal)
  }

  async #attempt(request: HttpRequest): Promise<string> {
    const controller = new AbortController()
    const onAbort = (): void => controller.abort(request.signal?.reason)
    request.signal?.addEventListener('abort', onAbort, { once: true })
    const timeout = unavailable(this.#name, `no answer within ${this.#timeoutMs} ms`)
    const cancelTimer = this.#clock.setTimer(() => controller.abort(timeout), this.#timeoutMs)
    try {
      return await raceAbort(this.#exchange(request, controller.signal), controller.signal, 'chain')
    } catch (error) {
      throw CocoonError.is(error) ? error : unavailable(this.#name, 'the request failed', { cause: error })
    } finally {
      cancelTimer()
      request.signal?.removeEventListener('abort', onAbort)
    }
  }

  async #exchange(request: HttpRequest, signal: AbortSignal): Promise<string> {
    const response = await this.#fetch(request.url, {
      method: request.method,
      headers: { accept: 'application/json', ...request.headers },
      signal,
      redirect: 'error',
      ...(request.body === undefined ? {} : { body: request.body })
    })
    if (!response.ok) {
      void response.body?.cancel().catch(() => undefined)
      throw statusError(this.#name, response)
    }
    return this.#readBounded(response)
  }

  async #readBounded(response: Response): Promise<string> {
    const chunks: Uint8Array[] = []
    let size = 0
    const reader = response.body?.getReader()
    const next = async (): Promise<Uint8Array | undefined> => (await reader?.read())?.value
    for (let value = await next(); value !== undefined; value = await next()) {
      size += value.length
      if (size > this.#maxResponseBytes) {
        void reader?.cancel().catch(() => undefined)
        throw badResponse(this.#name, `the answer exceeds ${this.#maxResponseBytes} bytes`)
      }
      chunks.push(value)
    }
    const bytes = new Uint8Array(size)
    let offset = 0
    for (const chunk of chunks) {
      bytes.set(chunk, offset)
      offset += chunk.length
    }
    try {
      return decodeUtf8Strict(bytes)
    } catch (cause) {
      throw badResponse(this.#name, 'the answer is not UTF-8', cause)
    }
  }
}

/** Milliseconds that the server asked to wait; kept beside the error, since it is nobody else's business. */
const retryAfterMs = new WeakMap<CocoonError, number>()

function statusError(name: string, response: Response): CocoonError {
  const { status } = response
  if (status !== 429 && status < 500) {
    return new CocoonError('ERR_CHAIN_RESPONSE', `${name}: HTTP status ${status}`, {
      phase: 'chain',
      httpStatus: status
    })
  }
  const error = unavailable(name, `HTTP status ${status}`, { httpStatus: status })
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  if (Number.isFinite(seconds) && seconds >= 0) retryAfterMs.set(error, Math.min(seconds * 1000, MAX_RETRY_AFTER_MS))
  return error
}

/** How long to wait before the next attempt; `null` when a repeat cannot help. */
function retryDelayMs(error: unknown, attempt: number): number | null {
  if (!CocoonError.is(error, 'ERR_CHAIN_UNAVAILABLE')) return null
  return retryAfterMs.get(error) ?? FIRST_BACKOFF_MS * 2 ** (attempt - 1)
}
