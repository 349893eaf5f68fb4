/**
 * The client: options, connections and the OpenAI surface put together, and their common life.
 *
 * Owns: composition and life cycle. Refuses: protocol detail, which lives in the rooms below.
 *
 * @module
 */
import { spellingsOf } from '../encoding/spellings.js'
import { encodeUtf8 } from '../encoding/utf8.js'
import { CocoonError } from '../errors.js'
import type { Receipt } from '../payments/channel/index.js'
import type { LoadInput, LoadPlan } from '../payments/pricing/index.js'
import type { RegistrySnapshot } from '../payments/registry/index.js'
import type { CallBudget, InferencePeer, WorkerType } from '../runtime/ports/inference.js'
import type { Runtime } from '../runtime/ports/runtime.js'
import type { AttestationReport } from '../runtime/ports/verdict.js'
import type { Accounts } from './accounts.js'
import {
  createEncryptingTransport,
  type EncryptionKey,
  type EncryptionKeySource,
  type EncryptionReport,
  reportEncryption
} from './encryption/index.js'
import type { DirectCarrier } from './money/direct-carrier.js'
import { LazyMoneyCarrier } from './money/lazy-carrier.js'
import type { QuoteOptions, RequestQuote } from './money/quote.js'
import { type Carrier, LazyCarrier, LazyPool, type ProxyCandidate } from './network/index.js'
import { createCallBudget, createOpenAISurface, loadPart, type OpenAISurface } from './openai/surface/index.js'
import type { CocoonOptions } from './options.js'
import { resolveOptions, type ResolvedOptions } from './resolve-options.js'

/** Options of calls that are not OpenAI requests. */
export interface CallOptions {
  /** Cancels the call; it then rejects with `ERR_ABORTED`. */
  readonly signal?: AbortSignal | undefined
  /** Total budget of this call, milliseconds. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined
}

/** What the connected proxy offers now. */
export interface Market {
  /** The proxy that answered. */
  readonly peer: InferencePeer
  /** Models by base name with their enabled workers; a model without workers has an empty list. */
  readonly models: readonly WorkerType[]
}

/**
 * A client of the network. Connects on the first call, shares one connection per proxy among all calls and keeps it until
 * {@link CocoonClient.close}. Safe to use in parallel. Holds no request after it ended and shows no secret when inspected.
 */
export class CocoonClient {
  /** `chat.completions.create` as in OpenAI's SDK. */
  readonly chat: OpenAISurface['chat']
  /** `completions.create`. */
  readonly completions: OpenAISurface['completions']
  /** `models.list`, `models.retrieve`. */
  readonly models: OpenAISurface['models']
  /** `audio.transcriptions.create`. */
  readonly audio: OpenAISurface['audio']
  /**
   * A `fetch` for OpenAI's paths, to be passed to any tool that takes one. Bound: may be taken off the client. Rejects only
   * for abort and bad arguments; every other failure is a Response in OpenAI's error shape.
   */
  readonly fetch: OpenAISurface['fetch']

  /** Absent with a gateway. */
  readonly #pool: DirectCarrier | undefined
  /** Set when the client knows a root contract or watches payments; then also the pool. */
  readonly #money: LazyMoneyCarrier | undefined
  readonly #accounts: () => Promise<Accounts>
  #snapshot: RegistrySnapshot | undefined
  readonly #carrier: Carrier
  readonly #resolved: ResolvedOptions
  readonly #keys: EncryptionKeySource | undefined
  readonly #createBudget: (options: CallOptions) => ReturnType<typeof createCallBudget>

  /**
   * @param options - See {@link CocoonOptions}. Checked here; nothing is connected yet.
   * @param runtime - The platform; the entries of the package pass it.
   * @throws CocoonError `ERR_OPTIONS` with the option's path in `field`.
   */
  constructor(options: CocoonOptions, runtime: Runtime) {
    const resolved = resolveOptions(options, runtime)
    const { clock, random } = resolved.platform
    const { carrier, encryption, isTest } = resolved
    this.#resolved = resolved
    if (carrier.kind === 'gateway') {
      this.#carrier = new LazyCarrier(async () => {
        const { createGatewayTransport } = await import('./gateway/transport/index.js')
        return createGatewayTransport(carrier.endpoint, carrier.options)
      })
    } else {
      const { proxies, connector, attestation } = carrier
      const common = { proxies, clock, random, select: options.select, onEvent: options.onEvent }
      if (resolved.root !== undefined || options.payments !== undefined) {
        const { root: source } = resolved
        const { payments } = options
        this.#money = new LazyMoneyCarrier({ ...common, source, payments, attestation, connector })
      }
      this.#carrier = this.#pool = this.#money ?? new LazyPool(common, connector())
    }
    const { maxCoefficient = DEFAULT_MAX_COEFFICIENT, reservedTokens = DEFAULT_RESERVED_TOKENS } = options
    const defaults = { maxCoefficient, reservedTokens }
    const parts = {
      carrier: this.#carrier,
      pool: this.#pool,
      money: this.#money,
      root: resolved.root,
      clock,
      hasPayments: resolved.hasPayments,
      prices: options.payments?.prices,
      defaults
    }
    let accounts: Accounts | undefined
    this.#accounts = async () => {
      const { Accounts } = await loadPart(() => import('./accounts.js'))
      return (accounts ??= new Accounts(parts))
    }
    const keys = encryption.keys ?? (resolved.root === undefined ? undefined : () => this.#rootKeys())
    this.#keys = keys
    this.#createBudget = ({ signal, timeoutMs }) =>
      createCallBudget({ clock, signal, timeoutMs: timeoutMs ?? resolved.timeoutMs })
    const surface = createOpenAISurface({
      transport:
        encryption.mode === 'off'
          ? this.#carrier
          : createEncryptingTransport(this.#carrier, {
              ...encryption,
              keys,
              mode: encryption.mode,
              isTest,
              clock,
              random
            }),
      clock,
      random,
      rules: options.rules,
      confidential: secretSpellings(options),
      pricePerTokenNano: () => resolved.pricePerTokenNano ?? this.#pricePerTokenNano(),
      defaults: {
        timeoutMs: resolved.timeoutMs,
        maxCoefficient: options.maxCoefficient,
        reservedTokens: options.reservedTokens,
        translate: options.translate,
        streamFallback: options.streamFallback,
        tools: options.tools,
        jsonMode: options.jsonMode
      }
    })
    this.chat = surface.chat
    this.completions = surface.completions
    this.models = surface.models
    this.audio = surface.audio
    this.fetch = surface.fetch
  }

  /** The proxies with the state of their connections, in the order given; none with a gateway. A snapshot; asks nobody. */
  get proxies(): readonly ProxyCandidate[] {
    return this.#pool?.candidates ?? []
  }

  /**
   * Whether calls are encrypted end to end now, to which keys, who can read them, and what stays readable. Asks only the
   * source of keys. Each answer says for itself whether it was encrypted (`withResponse().encrypted`).
   *
   * @throws CocoonError `ERR_ENCRYPTION_UNAVAILABLE` when the source of keys fails | `ERR_OPTIONS` for what is no key.
   */
  encryption(): Promise<EncryptionReport> {
    const { encryption, isTest, platform, timeoutMs } = this.#resolved
    return reportEncryption(encryption.mode, this.#keys, {
      isTest,
      nowMs: platform.clock.now(),
      remainingMs: timeoutMs
    })
  }

  /**
   * The report on the proxy that the next call would use; connects when there is no connection.
   *
   * @throws CocoonError `ERR_ATTESTATION_REFUSED` (an `AttestationRefusedError` with the report) when the peer was refused;
   * any failure to connect; `ERR_CLOSED`; `ERR_OPTIONS` with a gateway. Other calls are not affected.
   */
  attestation(options: CallOptions = {}): Promise<AttestationReport> {
    const pool = this.#pool
    if (pool === undefined) {
      const message = 'a gateway proves nothing about itself: there is no attestation report'
      return Promise.reject(new CocoonError('ERR_OPTIONS', message, { phase: 'attestation' }))
    }
    return this.#call(options, async (budget) => (await pool.connect(budget)).verdict.report)
  }

  /** Reports on all connections that stand now, by proxy address. Asks nobody. */
  attestations(): ReadonlyMap<string, AttestationReport> {
    return new Map((this.#pool?.connections ?? []).map(({ peer, verdict }) => [peer.address, verdict.report]))
  }

  /**
   * The models and workers that the proxy offers now, with load and price coefficient. The figures are the proxy's statement.
   *
   * @throws CocoonError Any failure to connect or to ask; `ERR_CLOSED`. Costs nothing, so it may be repeated.
   */
  market(options: CallOptions = {}): Promise<Market> {
    return this.#call(options, async (budget) => {
      const { peer, types } = await this.#carrier.listWorkerTypes(budget)
      return { peer, models: types }
    })
  }

  /**
   * The network's root contract as this client knows it: proxies, images, prices, keys, and how that is known. Reads it
   * when it is older than a minute.
   *
   * @throws CocoonError `ERR_OPTIONS` without a root contract; `ERR_REGISTRY_*`, `ERR_CONTRACT_STATE`, `ERR_CHAIN_*`.
   */
  async registry(): Promise<RegistrySnapshot> {
    this.#snapshot = await (await (await this.#accounts()).registry()).get()
    return this.#snapshot
  }

  /**
   * What a request will cost, before it is sent: the most (undefined when nothing bounds it, and why), what is to be
   * expected, and the refusal that is to be expected. Asks the market of the connected proxy, and the chain for the balance
   * where there is one. Costs nothing.
   *
   * @param body - A chat or text completion as it would be sent.
   * @throws CocoonError `ERR_OPTIONS` when prices are not known, and any failure to connect or to ask.
   */
  quote(body: object, options: CallOptions & QuoteOptions = {}): Promise<RequestQuote> {
    return this.#call(options, async (budget) => (await this.#accounts()).quote(body, options, budget))
  }

  /**
   * What a load costs a day, and which stake, concurrency and number of proxies it needs, by the market now. Its
   * assumptions are in the plan.
   *
   * @throws as {@link CocoonClient.quote}.
   */
  plan(load: LoadInput, options: CallOptions & Pick<QuoteOptions, 'prices'> = {}): Promise<LoadPlan> {
    return this.#call(options, async (budget) => (await this.#accounts()).plan(load, options, budget))
  }

  /**
   * The receipt of a request (`withResponse().requestId`): waits until it is made, a few seconds after the answer's end at
   * most. The newest thousand are here; all are in the ledger.
   *
   * @throws CocoonError `ERR_OPTIONS` without the option `payments` or for an unknown id; `ERR_LEDGER`.
   */
  async receipt(requestId: string): Promise<Receipt> {
    return (await this.#accounts()).receipt(requestId)
  }

  /** The newest receipts, oldest first; waits for those that are being written. @throws as {@link CocoonClient.receipt}. */
  async receipts(): Promise<readonly Receipt[]> {
    return (await this.#accounts()).receipts()
  }

  /**
   * Asks every connected proxy for its newest signed charge; it goes to the ledger and to the observer. A charge covers use
   * only after the proxy committed it on chain, within a minute.
   *
   * @throws CocoonError `ERR_OPTIONS` with a gateway; any failure to ask. Costs nothing.
   */
  refreshPayments(options: CallOptions = {}): Promise<void> {
    return this.#call(options, async (budget) => (await this.#accounts()).refreshPayments(budget))
  }

  /**
   * Closes all connections. What is pending rejects with `ERR_CLOSED`, as every later call does; a request that had left
   * is finished by the network and charged. Resolves when sockets and timers are gone. Safe to call twice.
   */
  close(): Promise<void> {
    return this.#carrier.close()
  }

  /** `await using client = …`: {@link CocoonClient.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** For logs: addresses and states, nothing of the account. */
  toJSON(): { readonly proxies: readonly ProxyCandidate[] } {
    return { proxies: this.proxies }
  }

  async #rootKeys(): Promise<readonly EncryptionKey[]> {
    return (await this.registry()).root.encryptionKeys
  }

  #pricePerTokenNano(): bigint | undefined {
    return (this.#money?.snapshot ?? this.#snapshot)?.root.pricePerTokenNano
  }

  async #call<T>(options: CallOptions, run: (budget: CallBudget) => Promise<T>): Promise<T> {
    const budget = this.#createBudget(options)
    try {
      return await run(budget)
    } finally {
      budget.release()
    }
  }
}

/** As the surface's own defaults. */
const DEFAULT_MAX_COEFFICIENT = 4000
const DEFAULT_RESERVED_TOKENS = 10_000

/** Shorter spellings of a secret are ordinary words. */
const MIN_SPELLING_LENGTH = 8

/** What no error may show, in every way that a peer might write it. */
function secretSpellings({ account }: CocoonOptions): readonly string[] {
  const secret = account?.secret
  if (secret === undefined) return []
  return spellingsOf(typeof secret === 'string' ? encodeUtf8(secret) : secret, MIN_SPELLING_LENGTH)
}
