/**
 * Reads the root contract and keeps what it read, with its age. One read at a time; a state never goes back to an older
 * version; a source that fails is bridged for a bounded time. Decides nothing about trust: it says how it knows.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Clock } from '../../runtime/ports/clock.js'
import type { ChainReader } from '../chain/index.js'
import { parseRootState, type RootState } from '../contracts/index.js'
import type { CocoonNetwork } from './network.js'
import { matchesContracts, type NamedContracts, type RegistrySnapshot } from './snapshot.js'

/** What a registry is made of. */
export interface RegistryOptions {
  readonly network: CocoonNetwork
  /** Source of the chain; not needed when the network brings its state. With both, the state is the oldest version accepted. */
  readonly reader?: ChainReader | undefined
  /** Age after which a state is read again. Default 60_000, as the reference (30–60 s). */
  readonly refreshAfterMs?: number | undefined
  /** Age up to which a state may be used when the source fails. Default 7_200_000, the reference proxy's own limit. */
  readonly usableForMs?: number | undefined
  readonly clock: Clock
  /** Called after the state changed: `paramsChanged` means that every contract address changed, so drain and plan anew. */
  readonly onChange?: ((change: RegistryChange) => void) | undefined
}

/** A new version of the root state. */
export interface RegistryChange {
  readonly before: RegistrySnapshot
  readonly after: RegistrySnapshot
  /** Whether `paramsVersion` or the derived params changed. */
  readonly paramsChanged: boolean
}

/** A registry. Safe to call in parallel. */
export interface Registry {
  readonly network: CocoonNetwork
  /**
   * The current state.
   *
   * @param options.maxAgeMs - Read again when older; default the registry's own `refreshAfterMs`. 0 reads now.
   * @throws CocoonError `ERR_REGISTRY_STALE` when the source fails and the state kept is too old, `ERR_CONTRACT_STATE` |
   * `ERR_REGISTRY_MISMATCH` when what it shows cannot be the network's root, or the source's own error at the first read.
   */
  get(options?: {
    readonly maxAgeMs?: number | undefined
    readonly signal?: AbortSignal | undefined
  }): Promise<RegistrySnapshot>
  /** The last state without reading, or `null`. */
  peek(): RegistrySnapshot | null
  /** Milliseconds since the state was read; `null` when it was given or not read yet. */
  ageMs(): number | null
  /**
   * For a session's `verifyContracts`: whether the named contracts are derived by the state. On a mismatch the state is
   * read again once, since the proxy may know a newer one.
   */
  verifyContracts(named: NamedContracts): Promise<boolean>
}

/** A mismatch makes the registry read again at most this often. */
const MISMATCH_REREAD_MS = 10_000

function mismatch(message: string): CocoonError {
  return new CocoonError('ERR_REGISTRY_MISMATCH', message, { phase: 'registry' })
}

class ChainRegistry implements Registry {
  readonly network: CocoonNetwork
  readonly #options: RegistryOptions
  readonly #clock: Clock
  #current: RegistrySnapshot | null = null
  #readAtMonotonicMs = 0
  #running: Promise<RegistrySnapshot> | null = null

  constructor(options: RegistryOptions) {
    this.network = options.network
    this.#options = options
    this.#clock = options.clock
    const { state, rootAddress, name } = options.network
    if (state === undefined) return
    const root = this.#check(parseRootState(state))
    this.#current = {
      networkName: name,
      rootAddress,
      root,
      source: 'given',
      readAtMs: null,
      trust: ['root state given by the caller']
    }
  }

  peek(): RegistrySnapshot | null {
    return this.#current
  }

  ageMs(): number | null {
    return this.#current?.source === 'chain' ? this.#clock.monotonic() - this.#readAtMonotonicMs : null
  }

  async get(
    options: { readonly maxAgeMs?: number | undefined; readonly signal?: AbortSignal | undefined } = {}
  ): Promise<RegistrySnapshot> {
    const current = this.#current
    const { reader } = this.#options
    if (reader === undefined && current !== null) return current
    const maxAgeMs = options.maxAgeMs ?? this.#options.refreshAfterMs ?? 60_000
    const age = this.ageMs()
    if (current !== null && age !== null && age < maxAgeMs) return current
    try {
      // One read serves every caller, so one caller's signal must not end it for the others.
      return await (options.signal === undefined ? this.#refreshShared() : this.#refresh(options.signal))
    } catch (error) {
      return this.#bridge(error)
    }
  }

  async verifyContracts(named: NamedContracts): Promise<boolean> {
    if (matchesContracts(await this.get(), named)) return true
    if (this.#options.reader === undefined) return false
    return matchesContracts(await this.get({ maxAgeMs: MISMATCH_REREAD_MS }), named)
  }

  #check(root: RootState): RootState {
    const { isTest } = this.network
    if (isTest !== undefined && root.isTest !== isTest)
      throw mismatch(`the root state says is_test = ${String(root.isTest)}`)
    return root
  }

  #refreshShared(): Promise<RegistrySnapshot> {
    this.#running ??= this.#refresh(undefined).finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #refresh(signal: AbortSignal | undefined): Promise<RegistrySnapshot> {
    const { reader, network } = this.#options
    if (reader === undefined)
      throw new CocoonError('ERR_OPTIONS', 'a registry needs a chain reader or a root state', {
        phase: 'registry',
        field: 'reader'
      })
    const account = await reader.getAccount(network.rootAddress, { signal })
    if (account.status !== 'active' || account.data === null) throw mismatch(`the root contract is ${account.status}`)
    const root = this.#check(parseRootState(account.data))
    const next: RegistrySnapshot = {
      networkName: network.name,
      rootAddress: network.rootAddress,
      root,
      source: 'chain',
      readAtMs: account.asOfMs,
      trust: account.trust
    }
    return this.#adopt(next)
  }

  #adopt(next: RegistrySnapshot): RegistrySnapshot {
    const before = this.#current
    if (before !== null) {
      // Both numbers only grow on chain: a smaller one is a stale or lying source.
      if (next.root.version < before.root.version || next.root.paramsVersion < before.root.paramsVersion) {
        throw new CocoonError(
          'ERR_REGISTRY_STALE',
          `the source shows version ${next.root.version} after ${before.root.version}`,
          { phase: 'registry', retryable: true }
        )
      }
      if (next.root.version === before.root.version && next.root.stateHash !== before.root.stateHash) {
        throw mismatch(`two different root states with version ${next.root.version}`)
      }
    }
    this.#current = next
    this.#readAtMonotonicMs = this.#clock.monotonic()
    if (before !== null && before.root.stateHash !== next.root.stateHash) this.#report(before, next)
    return next
  }

  #report(before: RegistrySnapshot, after: RegistrySnapshot): void {
    const paramsChanged =
      before.root.paramsVersion !== after.root.paramsVersion || before.root.clientCodeHash !== after.root.clientCodeHash
    try {
      this.#options.onChange?.({ before, after, paramsChanged })
    } catch {
      // A listener's failure must not undo the read.
    }
  }

  /** What to answer when reading failed: the kept state while it is young enough, else a typed error. */
  #bridge(error: unknown): RegistrySnapshot {
    const current = this.#current
    const age = this.ageMs()
    const failure = CocoonError.from(error, 'ERR_INTERNAL', { phase: 'registry' })
    if (current === null || failure.code === 'ERR_ABORTED' || failure.code === 'ERR_REGISTRY_MISMATCH') throw failure
    if (age !== null && age <= (this.#options.usableForMs ?? 7_200_000)) return current
    const message =
      age === null ? 'the given root state could not be confirmed' : `the root state is ${Math.round(age / 1000)} s old`
    throw new CocoonError('ERR_REGISTRY_STALE', message, { phase: 'registry', retryable: true, cause: failure })
  }
}

/**
 * Opens a registry. Reads nothing yet.
 *
 * @throws CocoonError `ERR_OPTIONS` without a source, `ERR_CONTRACT_STATE` | `ERR_REGISTRY_MISMATCH` for a given state that
 * is not the network's.
 */
export function openRegistry(options: RegistryOptions): Registry {
  if (options.reader === undefined && options.network.state === undefined) {
    throw new CocoonError('ERR_OPTIONS', 'a registry needs a chain reader or a root state', {
      phase: 'registry',
      field: 'reader'
    })
  }
  return new ChainRegistry(options)
}
