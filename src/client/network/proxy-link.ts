/**
 * The one connection that a client keeps to one proxy: dialled on demand, shared by all calls, dialled again after a loss
 * with growing pauses. An idle connection is kept (by pings) until the client is closed: opening one costs a proof of work.
 *
 * States: idle → connecting → ready → idle; a failure leads back to idle with a pause before the next dial.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Clock, Random } from '../../runtime/ports/clock.js'
import type { RatlsEvent } from '../../wire/ratls/index.js'
import type { Session, SessionEvent } from '../../wire/session/index.js'
import { raceSignal, waitFor } from './abortable.js'
import { backOffMs } from './back-off.js'
import type { ProxyCandidate } from './candidates.js'
import type { ConnectProxy, ProxyConnection } from './connect-proxy.js'
import { emitEvent, type NetworkEventListener, type PoolEvent } from './events.js'
import type { ProxyAddress } from './proxy-address.js'
import { SharedTask, type SharedTaskContext } from './shared-task.js'

/** A connection that stands, with what the request surface may know of its peer. */
export interface OpenConnection extends ProxyConnection {
  readonly peer: ProxyPeer
}

/** What is known of the peer of a connection that stands: an `InferencePeer` with a report. */
type ProxyPeer = Pick<ProxyCandidate, 'address' | 'contractsVerified'> &
  Required<Pick<ProxyCandidate, 'protocolVersion' | 'attestationId' | 'verified'>>

/** What a link takes from its pool. */
export interface LinkSettings {
  readonly connect: ConnectProxy
  readonly clock: Clock
  readonly random: Random
  readonly onEvent?: NetworkEventListener | undefined
}

type LinkState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly task: SharedTask<OpenConnection> }
  | { readonly kind: 'ready'; readonly connection: OpenConnection }

/** A connection that ends sooner than this counts as a failure: a proxy that accepts and drops must not be dialled in a loop. */
const STABLE_AFTER_MS = 5_000

/** How often a connection that takes no more requests is looked at, milliseconds. */
const RETIRED_CHECK_MS = 1_000

/** Whether the verdict that a connection stands on still holds; one that names no end does. */
function isCurrent({ verdict }: OpenConnection, nowUnixMs: number): boolean {
  const { validUntil } = verdict.report
  return typeof validUntil !== 'string' || nowUnixMs <= Date.parse(validUntil)
}

/** Milliseconds since now. */
function stopwatch(clock: Clock): () => number {
  const startedMs = clock.monotonic()
  return () => clock.monotonic() - startedMs
}

/** Connection to one proxy. */
export class ProxyLink {
  readonly address: ProxyAddress
  readonly #settings: LinkSettings
  /** Work that has to end before the link is gone. */
  readonly #unsettled = new Set<Promise<void>>()
  /** Sessions whose verdict has ended while requests were under way. */
  readonly #retired = new Set<Session>()
  #state: LinkState = { kind: 'idle' }
  #failures = 0
  #lastError: CocoonError | undefined
  #lastConnectMs: number | undefined
  #notBeforeMs = -Infinity
  #pausing: SharedTask<void> | undefined
  #closeReason: CocoonError | undefined

  constructor(address: ProxyAddress, settings: LinkSettings) {
    this.address = address
    this.#settings = settings
  }

  /** Why the last connection failed; `undefined` after a good one. */
  get lastError(): CocoonError | undefined {
    return this.#lastError
  }

  /** Milliseconds before the next dial may begin; 0 when one is under way or the connection stands. */
  get pauseMs(): number {
    if (this.#state.kind !== 'idle') return 0
    return Math.max(0, this.#notBeforeMs - this.#settings.clock.monotonic())
  }

  /** The standing connection, if any. */
  get connection(): OpenConnection | undefined {
    return this.#state.kind === 'ready' ? this.#state.connection : undefined
  }

  /**
   * The connection, dialled when there is none, or when the verdict on its peer has ended or turned; callers share one dial,
   * which ends when the last of them has left.
   * Does not pause by itself: see {@link ProxyLink.pauseMs}.
   *
   * @throws CocoonError Why the dial failed; the reason of `signal`; `ERR_CLOSED`.
   */
  acquire(signal: AbortSignal): Promise<OpenConnection> {
    if (this.#closeReason !== undefined) return Promise.reject(this.#closeReason)
    if (this.#state.kind === 'ready') {
      const { connection } = this.#state
      if (isCurrent(connection, this.#settings.clock.now())) {
        const isAccepted = connection.recheck?.() ?? true
        return isAccepted === true ? Promise.resolve(connection) : this.#acquireChecked(connection, isAccepted, signal)
      }
      this.#retire(connection)
    }
    const state = this.#state
    const task = state.kind === 'connecting' && !state.task.isAborted ? state.task : this.#dial()
    return task.join(signal)
  }

  /**
   * Waits until the next dial may begin; callers share one timer, which ends when the last of them has left.
   *
   * @throws CocoonError The reason of `signal`.
   */
  pause(signal: AbortSignal): Promise<void> {
    if (this.#pausing === undefined || this.#pausing.isAborted) {
      this.#pausing = new SharedTask(async (context) => {
        await waitFor(this.pauseMs, this.#settings.clock, context.signal, 'dial')
        this.#pausing = undefined
      })
    }
    return this.#pausing.join(signal)
  }

  /** Snapshot for `select`. */
  describe(): ProxyCandidate {
    const connection = this.connection
    const idleState = this.pauseMs > 0 ? 'backing-off' : 'idle'
    return {
      address: this.address.text,
      state: this.#state.kind === 'idle' ? idleState : this.#state.kind,
      activeRequests: connection?.session.activeRequests ?? 0,
      failures: this.#failures,
      ...(this.#lastError !== undefined && { lastError: this.#lastError.code }),
      ...(this.#lastConnectMs !== undefined && { lastConnectMs: this.#lastConnectMs }),
      ...connection?.peer
    }
  }

  /** Ends the connection or the dial for good; resolves when both are gone. */
  async close(reason: CocoonError): Promise<void> {
    this.#closeReason ??= reason
    if (this.#state.kind === 'connecting') this.#state.task.abort(reason)
    const open = this.#state.kind === 'ready' ? [this.#state.connection.session, ...this.#retired] : [...this.#retired]
    await Promise.all(open.map((session) => session.close(reason)))
    await Promise.all(this.#unsettled)
  }

  /** The connection when its peer is still accepted, else another one. */
  async #acquireChecked(
    connection: OpenConnection,
    isAccepted: Promise<boolean>,
    signal: AbortSignal
  ): Promise<OpenConnection> {
    if (await raceSignal(isAccepted, signal, 'attestation')) return connection
    if (this.connection === connection) this.#retire(connection)
    return this.acquire(signal)
  }

  #dial(): SharedTask<OpenConnection> {
    const attempt = this.#failures + 1
    this.#emit({ type: 'dial' }, attempt)
    const task = new SharedTask((context) => this.#connect(context, attempt))
    this.#state = { kind: 'connecting', task }
    // Registered before any caller joins, so that callers find the new state.
    this.#track(this.#follow(task, attempt))
    return task
  }

  async #connect({ signal, keepAlive }: SharedTaskContext, attempt: number): Promise<OpenConnection> {
    const onEvent = (event: RatlsEvent | SessionEvent): void => this.#emit(event, attempt)
    const connection = await this.#settings.connect(this.address, { signal, keepAlive, onEvent })
    const { session, verdict } = connection
    return {
      ...connection,
      peer: {
        address: this.address.text,
        protocolVersion: session.protocolVersion,
        attestationId: verdict.report.id,
        verified: verdict.verified,
        ...(session.contractsVerified && { contractsVerified: true })
      }
    }
  }

  /** Accompanies a dial, and the connection that it gives, to the end. */
  async #follow(task: SharedTask<OpenConnection>, attempt: number): Promise<void> {
    const elapsed = stopwatch(this.#settings.clock)
    const isExpected = (): boolean => this.#state.kind === 'connecting' && this.#state.task === task
    let connection: OpenConnection
    try {
      connection = await task.outcome
    } catch (thrown) {
      if (!isExpected()) return
      this.#state = { kind: 'idle' }
      if (task.isAborted) return
      const error = CocoonError.from(thrown, 'ERR_INTERNAL', { phase: 'dial' })
      const { phase, code } = error
      const retryInMs = this.#noteFailure(error)
      this.#emit({ type: 'connect-failed', ms: elapsed(), phase, code, retryInMs }, attempt)
      return
    }
    const { session, peer } = connection
    if (!isExpected() || this.#closeReason !== undefined) {
      if (isExpected()) this.#state = { kind: 'idle' }
      return session.close(this.#closeReason)
    }
    const { protocolVersion, attestationId, verified } = peer
    const ms = elapsed()
    this.#state = { kind: 'ready', connection }
    this.#lastError = undefined
    this.#lastConnectMs = ms
    this.#emit({ type: 'connected', ms, protocolVersion, attestationId, verified }, attempt)
    const cause = await session.closed
    const openMs = elapsed() - ms
    if (this.connection === connection) {
      this.#state = { kind: 'idle' }
      if (openMs < STABLE_AFTER_MS) this.#noteFailure(cause)
      else this.#failures = 0
    }
    this.#emit({ type: 'disconnected', code: cause.code, ms: openMs }, attempt)
  }

  #noteFailure(error: CocoonError): number {
    this.#failures++
    this.#lastError = error
    const delayMs = backOffMs(this.#failures, this.#settings.random)
    this.#notBeforeMs = this.#settings.clock.monotonic() + delayMs
    return delayMs
  }

  /** Gives a connection no new requests and ends it after its last one: what is under way was sent in time. */
  #retire({ session }: OpenConnection): void {
    const { clock } = this.#settings
    const reason = new CocoonError('ERR_CLOSED', 'the verdict on the peer has ended', { phase: 'attestation' })
    let cancelTimer: (() => void) | undefined
    const endWhenIdle = (): void => {
      if (session.activeRequests === 0) this.#track(session.close(reason))
      else cancelTimer = clock.setTimer(endWhenIdle, RETIRED_CHECK_MS)
    }
    this.#state = { kind: 'idle' }
    this.#retired.add(session)
    this.#track(
      session.closed.then(() => {
        cancelTimer?.()
        this.#retired.delete(session)
      })
    )
    endWhenIdle()
  }

  #track(work: Promise<void>): void {
    const settled: Promise<void> = work
      .then(undefined, () => undefined)
      .then(() => void this.#unsettled.delete(settled))
    this.#unsettled.add(settled)
  }

  #emit(event: PoolEvent | RatlsEvent | SessionEvent, attempt: number): void {
    emitEvent(this.#settings.onEvent, { ...event, address: this.address.text, attempt })
  }
}
