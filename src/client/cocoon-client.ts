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
import type { CallBudget, InferencePeer, InferenceTransport, WorkerType } from '../runtime/ports/inference.js'
import type { Runtime } from '../runtime/ports/runtime.js'
import type { AttestationReport } from '../runtime/ports/verdict.js'
import { createEncryptingTransport, type EncryptionReport, reportEncryption } from './encryption/index.js'
import { createGatewayTransport } from './gateway/index.js'
import { createConnector, ProxyPool, type ProxyCandidate } from './network/index.js'
import { createCallBudget, createOpenAISurface, type OpenAISurface } from './openai/index.js'
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

/** What carries requests, for as long as the client lives. */
type Carrier = InferenceTransport & { close(): Promise<void> }

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
  readonly #pool: ProxyPool | undefined
  readonly #carrier: Carrier
  readonly #resolved: ResolvedOptions
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
    if (carrier.kind === 'gateway') this.#carrier = createGatewayTransport(carrier.endpoint, carrier.options)
    else {
      this.#carrier = this.#pool = new ProxyPool({
        proxies: carrier.proxies,
        connect: createConnector(carrier.connector),
        clock,
        random,
        select: options.select,
        onEvent: options.onEvent
      })
    }
    this.#createBudget = ({ signal, timeoutMs }) =>
      createCallBudget({ clock, signal, timeoutMs: timeoutMs ?? resolved.timeoutMs })
    const surface = createOpenAISurface({
      transport:
        encryption.mode === 'off'
          ? this.#carrier
          : createEncryptingTransport(this.#carrier, { ...encryption, mode: encryption.mode, isTest, clock, random }),
      clock,
      random,
      rules: options.rules,
      confidential: secretSpellings(options),
      pricePerTokenNano: resolved.pricePerTokenNano,
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
    return reportEncryption(encryption.mode, encryption.keys, {
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

  async #call<T>(options: CallOptions, run: (budget: CallBudget) => Promise<T>): Promise<T> {
    const budget = this.#createBudget(options)
    try {
      return await run(budget)
    } finally {
      budget.release()
    }
  }
}

/** Shorter spellings of a secret are ordinary words. */
const MIN_SPELLING_LENGTH = 8

/** What no error may show, in every way that a peer might write it. */
function secretSpellings({ account }: CocoonOptions): readonly string[] {
  const secret = account?.secret
  if (secret === undefined) return []
  return spellingsOf(typeof secret === 'string' ? encodeUtf8(secret) : secret, MIN_SPELLING_LENGTH)
}
