/**
 * HTTP GET for collateral: bounded in size and time, no redirects, no credentials.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { concatBytes } from '../../encoding/index.js'
import { abortError } from '../../runtime/shared/index.js'

/** Options that all HTTP sources share. */
export interface HttpSourceOptions {
  /** Default: the platform's `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Limit for each request, milliseconds. Default 10_000. */
  readonly timeoutMs?: number | undefined
  /** Limit for each body, bytes. Default 1_048_576. */
  readonly maxBytes?: number | undefined
}

/** A body with its headers. */
export interface FetchedBody {
  readonly body: Uint8Array
  readonly headers: Headers
}

/** Longest wait for a source, milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000
const DEFAULT_MAX_BYTES = 1_048_576

/** @throws CocoonError `ERR_ATTESTATION_COLLATERAL` | `ERR_ABORTED`. */
export async function boundedFetch(
  url: string,
  options: HttpSourceOptions,
  signal: AbortSignal | undefined
): Promise<FetchedBody> {
  const { fetch = globalThis.fetch, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES } = options
  const timeout = AbortSignal.timeout(timeoutMs)
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  try {
    // 'manual' and not 'error': Workers know no other way to refuse redirects.
    const response = await fetch(url, { redirect: 'manual', credentials: 'omit', signal: either })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw collateralError(
        `${hostOf(url)} answered ${response.type === 'opaqueredirect' ? 'a redirect' : `status ${response.status}`}`
      )
    }
    return { body: await readBounded(response, maxBytes, either), headers: response.headers }
  } catch (error) {
    if (signal?.aborted === true) throw abortError(signal, 'attestation')
    if (CocoonError.is(error)) throw error
    throw collateralError(
      timeout.aborted ? `${hostOf(url)} took longer than ${timeoutMs} ms` : `${hostOf(url)} could not be reached`,
      error
    )
  }
}

async function readBounded(response: Response, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array(0)
  const cancel = (): void => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener('abort', cancel)
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (signal.aborted) throw signal.reason
      if (done) return concatBytes(...parts)
      length += value.length
      if (length > maxBytes) {
        await reader.cancel()
        throw collateralError(`the answer is larger than ${maxBytes} bytes`)
      }
      parts.push(value)
    }
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** The error of a source. */
export function collateralError(message: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_ATTESTATION_COLLATERAL', `collateral: ${message}`, {
    phase: 'attestation',
    retryable: true,
    ...(cause === undefined ? {} : { cause })
  })
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the address'
}
