/**
 * Collateral from a caller's own relay, for places that cannot reach the vendors (browsers). The relay sees which platform
 * is asked about and can refuse to answer; it cannot forge.
 *
 * @module
 */
import { decodeUtf8Strict } from '../../encoding/index.js'
import { abortError } from '../../runtime/shared/index.js'
import type { SnpCollateral } from '../snp/collateral.js'
import { loadSnp } from '../snp/load.js'
import { snapshotTdxCollateral, type TdxCollateral } from '../tdx/collateral.js'
import { boundedFetch, collateralError, DEFAULT_TIMEOUT_MS, type HttpSourceOptions } from './bounded-fetch.js'
import type { CollateralRequest, CollateralSource } from './source.js'

/** Asks for collateral in any way; its answer is an object or JSON text in the shape of {@link TdxCollateral} or {@link SnpCollateral}. */
export type AskRelay = (
  request: CollateralRequest,
  options: { readonly signal?: AbortSignal | undefined }
) => Promise<unknown>

/**
 * A relay.
 *
 * @param relay - URL: asked with `GET ?kind=tdx&fmspc=…&ca=…` or `?kind=snp&product=…`, answers JSON. Or a function; its
 * signal fires at `timeoutMs` too, and it is not waited for any longer: one that never settles must not hold all others up.
 */
export function collateralRelay(relay: string | AskRelay, options: HttpSourceOptions = {}): CollateralSource {
  const ask =
    typeof relay === 'function' ? withinLimit(relay, options.timeoutMs ?? DEFAULT_TIMEOUT_MS) : askByUrl(relay, options)
  return {
    name: 'relay',
    async fetch(request, { signal }): Promise<TdxCollateral | SnpCollateral> {
      try {
        return await readCollateral(request, await ask(request, { signal }))
      } catch (error) {
        if (signal?.aborted === true) throw abortError(signal, 'attestation')
        throw collateralError('the relay gave none', error)
      }
    }
  }
}

/** Collateral that is at hand: one or more objects or JSON texts. The first that fits a request is taken. */
export function staticCollateral(collateral: unknown): CollateralSource {
  const items: readonly unknown[] = Array.isArray(collateral) ? collateral : [collateral]
  return {
    name: 'static',
    async fetch(request): Promise<TdxCollateral | SnpCollateral> {
      for (const item of items) {
        try {
          const read = await readCollateral(request, item)
          if (fits(request, read)) return read
        } catch {
          // The next one may fit.
        }
      }
      throw collateralError('none of those at hand fits the evidence')
    }
  }
}

function withinLimit(ask: AskRelay, timeoutMs: number): AskRelay {
  return async (request, { signal }) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    let stop = (): void => {}
    const ended = new Promise<never>((_resolve, reject) => {
      stop = () =>
        reject(timeout.aborted ? collateralError(`the relay took longer than ${timeoutMs} ms`) : either.reason)
      either.addEventListener('abort', stop, { once: true })
    })
    try {
      return await Promise.race([ask(request, { signal: either }), ended])
    } finally {
      either.removeEventListener('abort', stop)
    }
  }
}

function askByUrl(url: string, options: HttpSourceOptions): AskRelay {
  return async (request, { signal }) => {
    const target = new URL(url)
    for (const [name, value] of Object.entries(request)) target.searchParams.set(name, value)
    return decodeUtf8Strict((await boundedFetch(target.href, options, signal)).body)
  }
}

async function readCollateral(request: CollateralRequest, value: unknown): Promise<TdxCollateral | SnpCollateral> {
  return request.kind === 'tdx' ? snapshotTdxCollateral(value) : (await loadSnp()).snapshotSnpCollateral(value)
}

/** A first look that decides nothing: whether the platform is named in the text. */
function fits(request: CollateralRequest, collateral: TdxCollateral | SnpCollateral): boolean {
  if (request.kind !== 'tdx' || !('tcb_info' in collateral)) return request.kind === 'snp'
  return collateral.tcb_info.toUpperCase().includes(`"${request.fmspc}"`)
}
