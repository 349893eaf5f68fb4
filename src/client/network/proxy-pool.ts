/**
 * Carries requests over connections to proxies: chooses one, connects when needed, fails over while nothing was sent.
 * A request that left is never repeated; what happened to it is in the error's `charged`.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import {
  type CallBudget,
  type InferenceAnswer,
  type InferencePeer,
  type InferenceRequest,
  type InferenceTransport,
  PeerUnsuitable,
  type WorkerType
} from '../../runtime/ports/inference.js'
import { abortReason, type LinkedSignal, linkSignal, raceSignal } from './abortable.js'
import { AttemptPlan } from './attempt-plan.js'
import { chooseAddresses, type ProxyCandidate, type SelectProxies } from './candidates.js'
import type { ProxyAddress } from './proxy-address.js'
import { ProxyLink, type LinkSettings, type OpenConnection } from './proxy-link.js'

/** Options of {@link ProxyPool}. */
export interface ProxyPoolOptions extends LinkSettings {
  /** At least one. */
  readonly proxies: readonly ProxyAddress[]
  readonly select?: SelectProxies | undefined
}

/**
 * Failures of the connection, not of the request. Together with `charged: 'no'` they mean that nothing was sent: the
 * session says `unknown` about whatever had left when it ended.
 */
const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'ERR_CONNECTION_LOST',
  'ERR_CLOSED',
  'ERR_IDLE_TIMEOUT',
  'ERR_PROTOCOL',
  'ERR_FRAME_SIZE',
  'ERR_FRAME_SEQNO',
  'ERR_FRAME_TRUNCATED'
])

/** Connections to a list of proxies. Safe to call in parallel. */
export class ProxyPool implements InferenceTransport {
  readonly #links: ReadonlyMap<string, ProxyLink>
  readonly #options: ProxyPoolOptions
  /** Calls under way. Not listeners on one signal: runtimes warn about more than a few of those. */
  readonly #calls = new Set<LinkedSignal>()
  #closeReason: CocoonError | undefined
  #closed: Promise<void> | undefined

  constructor(options: ProxyPoolOptions) {
    this.#options = options
    this.#links = new Map(options.proxies.map((address) => [address.text, new ProxyLink(address, options)]))
  }

  /** Snapshot of all proxies with health notes, in the order given. */
  get candidates(): readonly ProxyCandidate[] {
    return [...this.#links.values()].map((link) => link.describe())
  }

  /** Connections that stand now. */
  get connections(): readonly OpenConnection[] {
    return [...this.#links.values()].flatMap((link) => link.connection ?? [])
  }

  /** @inheritDoc */
  send(
    prepare: (peer: InferencePeer) => InferenceRequest | Promise<InferenceRequest>,
    budget: CallBudget
  ): Promise<InferenceAnswer> {
    return this.#withConnection(budget, async ({ session, peer }, signal) => {
      const request = await raceSignal(Promise.resolve(prepare(peer)), signal, 'request')
      if (session.isClosed) throw lostBeforeSending()
      return await session.query(request, { budget, peer })
    })
  }

  /** @inheritDoc */
  listWorkerTypes(
    budget: CallBudget
  ): Promise<{ readonly peer: InferencePeer; readonly types: readonly WorkerType[] }> {
    return this.#withConnection(budget, async ({ session, peer }) => {
      return { peer, types: await session.getWorkerTypes(budget) }
    })
  }

  /** The connection that the next call would use, dialled when there is none. */
  connect(budget: CallBudget): Promise<OpenConnection> {
    return this.#withConnection(budget, (connection) => Promise.resolve(connection))
  }

  /** Rejects what is pending with `ERR_CLOSED`; resolves when sockets and timers are gone. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown()
    return this.#closed
  }

  async #shutDown(): Promise<void> {
    const reason = new CocoonError('ERR_CLOSED', 'the client was closed', { phase: 'close' })
    this.#closeReason = reason
    for (const call of this.#calls) call.abort(reason)
    await Promise.all([...this.#links.values()].map((link) => link.close(reason)))
  }

  /** Runs `use` with a connection; takes the next one as long as `use` fails before anything was sent. */
  async #withConnection<T>(
    budget: CallBudget,
    use: (connection: OpenConnection, signal: AbortSignal) => Promise<T>
  ): Promise<T> {
    if (this.#closeReason !== undefined) throw this.#closeReason
    const call = linkSignal(budget.signal)
    const { signal } = call
    this.#calls.add(call)
    try {
      if (signal.aborted) throw abortReason(signal, 'dial')
      const plan = new AttemptPlan(await this.#plan(signal))
      let dying: OpenConnection | undefined
      let unsuitable: PeerUnsuitable | undefined
      for (;;) {
        const link = plan.next()
        if (link === undefined) throw unsuitable?.isOptional === true ? unsuitable : plan.failure()
        if (dying !== undefined && link.connection === dying) {
          // It takes nothing any more and has not ended yet: asking it again would only use up the attempts.
          await raceSignal(dying.session.closed, signal, 'query')
          dying = undefined
          continue
        }
        const { pauseMs } = link
        if (pauseMs > 0) {
          if (unsuitable?.isOptional === true) throw unsuitable
          // Waiting for a pause that outlasts the budget would only replace the real reason by a timeout.
          if (pauseMs >= budget.remainingMs()) throw plan.failure()
          await link.pause(signal)
          continue
        }
        let connection: OpenConnection | undefined
        try {
          connection = await link.acquire(signal)
          return await use(connection, signal)
        } catch (thrown) {
          if (signal.aborted) throw connection !== undefined ? thrown : abortReason(signal, 'dial')
          if (thrown instanceof PeerUnsuitable) {
            // Nothing is wrong with the connection; it is only out for this call.
            unsuitable = thrown
            plan.failed(link, thrown)
            continue
          }
          if (connection !== undefined && !isUnsent(thrown)) throw thrown
          dying = connection
          plan.failed(
            link,
            connection !== undefined
              ? lostBeforeSending(thrown)
              : CocoonError.from(thrown, 'ERR_INTERNAL', { phase: 'dial' })
          )
        }
      }
    } finally {
      call.release()
      this.#calls.delete(call)
    }
  }

  async #plan(signal: AbortSignal): Promise<readonly ProxyLink[]> {
    const addresses = await raceSignal(chooseAddresses(this.candidates, this.#options.select), signal, 'dial')
    return addresses.flatMap((address) => this.#links.get(address) ?? [])
  }
}

function isUnsent(thrown: unknown): boolean {
  return CocoonError.is(thrown) && thrown.charged === 'no' && CONNECTION_CODES.has(thrown.code)
}

function lostBeforeSending(cause?: unknown): CocoonError {
  const message = 'the connection ended before the request was sent'
  return new CocoonError('ERR_CONNECTION_LOST', message, { phase: 'query', retryable: true, httpStatus: 502, cause })
}
