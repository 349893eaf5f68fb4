/**
 * A pool of proxies that follows the root contract: endpoints, version, test flag and contract addresses come from its
 * state. When the state changes in a way that moves them, a new pool takes the new calls and the old one drains.
 *
 * The state is looked at when a call begins (the registry reads it again once it is older than a minute); a client that
 * is idle notices a change with its next call.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import { bytesToHex } from '../../encoding/index.js'
import { isSameAddress } from '../../payments/contracts/index.js'
import {
  openRegistry,
  proxyEndpoints,
  type CocoonNetwork,
  type Registry,
  type RegistrySnapshot
} from '../../payments/registry/index.js'
import type { ChainReader } from '../../payments/chain/index.js'
import type { Clock, Random } from '../../runtime/ports/clock.js'
import type { CallBudget } from '../../runtime/ports/inference.js'
import {
  parseProxyAddress,
  type ConnectorSettings,
  type ConnectProxy,
  type NetworkEventListener,
  type ProxyAddress,
  type SelectProxies
} from '../network/index.js'
import { emitEvent, ProxyPool } from '../network/pool/index.js'

/** What pools are made from. */
export interface RegistryPoolsOptions {
  /** `undefined`: a network without a root contract; then there is one pool for ever. */
  readonly registry: Registry | undefined
  /** Given proxies; empty: those of the registry. */
  readonly proxies: readonly ProxyAddress[]
  /** Settings of connections under the test flag and version of a state. @throws CocoonError `ERR_OPTIONS`. */
  readonly connector: (
    state: { readonly isTest: boolean; readonly configVersion: number } | undefined
  ) => ConnectorSettings
  readonly connect: (settings: ConnectorSettings, snapshot: RegistrySnapshot | undefined) => ConnectProxy
  readonly clock: Clock
  readonly random: Random
  readonly select: SelectProxies | undefined
  readonly onEvent: NetworkEventListener | undefined
  /** Called when new calls go under other params than those before. */
  readonly onParamsChange?: (() => void) | undefined
}

/** Where the root state comes from. */
export interface RegistrySource {
  readonly network: CocoonNetwork
  readonly reader: ChainReader | undefined
}

/** Opens the registry of a client. @throws CocoonError `ERR_OPTIONS` | `ERR_CONTRACT_STATE` | `ERR_REGISTRY_MISMATCH`. */
export function openClientRegistry({ network, reader }: RegistrySource, clock: Clock): Registry {
  return openRegistry({ network, reader, clock })
}

/** One pool with the state that it was made for. */
export interface PoolUnderState {
  readonly pool: ProxyPool
  readonly snapshot: RegistrySnapshot | undefined
  /** Calls that use it now. */
  users: number
  retired: boolean
}

/** Pools of a client. */
export class RegistryPools {
  readonly #options: RegistryPoolsOptions
  readonly #retired = new Set<PoolUnderState>()
  #current: PoolUnderState | undefined
  #closed: Promise<void> | undefined

  constructor(options: RegistryPoolsOptions) {
    this.#options = options
  }

  /** The pool of new calls; `undefined` before the first. */
  get current(): PoolUnderState | undefined {
    return this.#current
  }

  /** All pools with connections, the current one first. */
  get all(): readonly ProxyPool[] {
    return [this.#current, ...this.#retired].flatMap((entry) => entry?.pool ?? [])
  }

  /**
   * Takes the pool for a call; {@link RegistryPools.leave} gives it back.
   *
   * @throws CocoonError what the registry throws; `ERR_NO_PROXY` when it names no proxy; the budget's reason; `ERR_CLOSED`.
   */
  async enter(budget: CallBudget): Promise<PoolUnderState> {
    const { registry } = this.#options
    const snapshot = registry === undefined ? undefined : await unlessAborted(registry.get(), budget.signal)
    if (this.#closed !== undefined) throw closedError()
    if (this.#current === undefined || mustMove(this.#current.snapshot, snapshot)) this.#move(snapshot)
    const entry = this.#current as PoolUnderState | undefined
    if (entry === undefined) throw closedError()
    entry.users++
    return entry
  }

  /** Ends a use. The last one of a retired pool closes it. */
  leave(entry: PoolUnderState): void {
    entry.users--
    if (entry.retired && entry.users === 0) void this.#drop(entry)
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all(this.all.map((pool) => pool.close())).then(() => undefined)
    return this.#closed
  }

  #move(snapshot: RegistrySnapshot | undefined): void {
    const { connector, connect, clock, random, select, onEvent } = this.#options
    const state = snapshot && { isTest: snapshot.root.isTest, configVersion: snapshot.root.version }
    const proxies = this.#proxies(snapshot)
    const settings = connector(state)
    const pool = new ProxyPool({ proxies, connect: connect(settings, snapshot), clock, random, select, onEvent })
    const before = this.#current
    this.#current = { pool, snapshot, users: 0, retired: false }
    if (before !== undefined) this.#retire(before, snapshot)
  }

  #retire(entry: PoolUnderState, next: RegistrySnapshot | undefined): void {
    entry.retired = true
    this.#retired.add(entry)
    const before = entry.snapshot?.root.paramsVersion ?? 0
    const after = next?.root.paramsVersion ?? 0
    for (const { address, activeRequests } of entry.pool.candidates) {
      emitEvent(this.#options.onEvent, {
        type: 'draining',
        address,
        attempt: 0,
        reason: before === after ? 'registry-changed' : 'params-changed',
        paramsVersionBefore: before,
        paramsVersion: after,
        activeRequests,
        warning:
          before === after
            ? 'the root contract changed; connections are made anew'
            : `coins in the client contract of params ${before} stay there until it is closed; requests need a channel under params ${after}`
      })
    }
    if (before !== after) this.#options.onParamsChange?.()
    if (entry.users === 0) void this.#drop(entry)
  }

  async #drop(entry: PoolUnderState): Promise<void> {
    await entry.pool.close()
    this.#retired.delete(entry)
  }

  #proxies(snapshot: RegistrySnapshot | undefined): readonly ProxyAddress[] {
    const { proxies, random } = this.#options
    if (proxies.length > 0 || snapshot === undefined) return proxies
    const parsed = new Map<string, ProxyAddress>()
    for (const text of proxyEndpoints(snapshot)) {
      try {
        const address = parseProxyAddress(text, 'registry')
        parsed.set(address.text, address)
      } catch {
        // The reference skips entries that it cannot read (session.md §11).
      }
    }
    if (parsed.size === 0) {
      const message = 'the root contract names no proxy that can be dialled'
      throw new CocoonError('ERR_NO_PROXY', message, { phase: 'registry', retryable: true })
    }
    // In a random order, so that the clients of a network do not all dial the first one.
    const keyed = [...parsed.values()].map((address) => ({ address, key: bytesToHex(random.bytes(8)) }))
    return keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ address }) => address)
  }
}

function closedError(): CocoonError {
  return new CocoonError('ERR_CLOSED', 'the client was closed', { phase: 'close' })
}

/** Whether connections made under one state must not carry calls of another. */
function mustMove(before: RegistrySnapshot | undefined, after: RegistrySnapshot | undefined): boolean {
  if (before === undefined || after === undefined || before.root.stateHash === after.root.stateHash) return false
  const [old, next] = [before.root, after.root]
  return (
    old.paramsVersion !== next.paramsVersion ||
    old.clientCodeHash !== next.clientCodeHash ||
    bytesToHex(old.cells.clientParams) !== bytesToHex(next.cells.clientParams) ||
    bytesToHex(old.cells.proxyParams) !== bytesToHex(next.cells.proxyParams) ||
    proxyEndpoints(before).join() !== proxyEndpoints(after).join() ||
    // An image that was taken off the list must not be talked to any longer.
    old.proxyHashes.some((hash) => !next.proxyHashes.includes(hash)) ||
    !isSameAddress(before.rootAddress, after.rootAddress)
  )
}

/** Settles as `work` does, or with the signal's reason. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(CocoonError.from(signal.reason, 'ERR_ABORTED', { phase: 'registry' }))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
