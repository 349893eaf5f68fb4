/**
 * Which proxies a call may use and in which order: what the caller's `select` sees, and what its answer means.
 *
 * @module
 */
import { CocoonError, type ErrorCode } from '../../errors.js'

/** State of the connection to a proxy. */
export type ProxyState = 'ready' | 'connecting' | 'backing-off' | 'idle'

/** One proxy as `select` sees it: a snapshot with health notes. */
export interface ProxyCandidate {
  /** `host:port`, canonical. */
  readonly address: string
  readonly state: ProxyState
  /** Requests in flight on its connection. */
  readonly activeRequests: number
  /** Failed connections in a row. */
  readonly failures: number
  /** Code of the last failure since the last good connection. */
  readonly lastError?: ErrorCode
  /** How long the last good connection took to set up, milliseconds. */
  readonly lastConnectMs?: number
  /** Negotiated version; only while `ready`. */
  readonly protocolVersion?: number
  /** Id of the attestation report; only while `ready`. */
  readonly attestationId?: string
  /** Whether the evidence was verified; only while `ready`. */
  readonly verified?: boolean
  /** Whether the root contract derives the contracts that the proxy names; only while `ready`. */
  readonly contractsVerified?: boolean
}

/**
 * Orders, prefers or denies proxies for one call: the candidates returned are tried in the order returned, the others are
 * not tried. Asked once per call, before anything is dialled. A returned address or candidate counts the same.
 */
export type SelectProxies = (
  candidates: readonly ProxyCandidate[]
) => ReadonlyArray<ProxyCandidate | string> | Promise<ReadonlyArray<ProxyCandidate | string>>

/** The default order: a connection that stands first, then the order in which the caller named the proxies. */
function defaultOrder(candidates: readonly ProxyCandidate[]): readonly ProxyCandidate[] {
  return candidates.toSorted((a, b) => Number(b.state === 'ready') - Number(a.state === 'ready'))
}

/**
 * Addresses to try, in order, without repetitions.
 *
 * @throws CocoonError `ERR_NO_PROXY` when `select` denied all; `ERR_OPTIONS` when it failed or named an unknown proxy.
 */
export async function chooseAddresses(
  candidates: readonly ProxyCandidate[],
  select: SelectProxies | undefined
): Promise<readonly string[]> {
  if (select === undefined) return defaultOrder(candidates).map((candidate) => candidate.address)
  const known = new Set(candidates.map((candidate) => candidate.address))
  let chosen: unknown
  try {
    chosen = await select(candidates)
  } catch (error) {
    throw CocoonError.from(error, 'ERR_OPTIONS', { phase: 'options', field: 'select' })
  }
  if (!Array.isArray(chosen)) throw selectError('must return an array of candidates')
  const addresses = new Set<string>()
  for (const item of chosen as unknown[]) {
    const address = typeof item === 'string' ? item : (item as ProxyCandidate | null | undefined)?.address
    if (address === undefined || !known.has(address))
      throw selectError('returned a proxy that is not among the candidates')
    addresses.add(address)
  }
  if (addresses.size === 0) {
    throw new CocoonError('ERR_NO_PROXY', 'select denied every proxy', { phase: 'dial', field: 'select' })
  }
  return [...addresses]
}

function selectError(message: string): CocoonError {
  return new CocoonError('ERR_OPTIONS', `select ${message}`, { phase: 'options', field: 'select' })
}
