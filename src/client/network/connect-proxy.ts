/**
 * Sets up one connection to one proxy: wire/ratls (dial, proof of work, TLS, verdict), then wire/session (handshake,
 * authorisation). A peer that stops making progress is given up, so that the next proxy gets its turn.
 *
 * The wire is loaded at the first dial: a page that only shows the client, or goes through a gateway, does not pay for it.
 *
 * @module
 */
import { CocoonError, type ErrorPhase } from '../../errors.js'
import type { Dialer } from '../../runtime/ports/byte-stream.js'
import type { Clock, Random, YieldToEventLoop } from '../../runtime/ports/clock.js'
import type { SolveProofOfWork } from '../../runtime/ports/proof-of-work.js'
import type { TlsEngine } from '../../runtime/ports/tls-engine.js'
import type { Verdict, VerdictPolicy } from '../../runtime/ports/verdict.js'
import { closeQuietly } from '../../runtime/shared/index.js'
import type { RatlsConnection, RatlsEvent } from '../../wire/ratls/index.js'
import type { Session, SessionEvent, SessionOptions } from '../../wire/session/index.js'
import { linkSignals } from './abortable.js'
import type { ProxyAddress } from './proxy-address.js'
import { createRecheck, type Recheck } from './recheck.js'

/** What the pool hands to a connector. */
export interface ConnectContext {
  /** Fires when nobody waits for the connection any more. */
  readonly signal: AbortSignal
  /** Called once something was spent that another dial would spend again (a chain message). */
  keepAlive(): void
  onEvent(event: RatlsEvent | SessionEvent): void
}

/** A connection that may carry requests. */
export interface ProxyConnection {
  readonly session: Session
  readonly verdict: Verdict
  /** Asks whether the peer is still accepted; absent = its verdict holds to its end. */
  readonly recheck?: Recheck | undefined
}

/** Sets up a connection or rejects with a CocoonError; on rejection nothing stays open. */
export type ConnectProxy = (address: ProxyAddress, context: ConnectContext) => Promise<ProxyConnection>

/** What every connection of a client has in common. */
export interface ConnectorSettings {
  /** `undefined` where the runtime has no sockets. */
  readonly dialer: Dialer | undefined
  /** `undefined` where the runtime has no TLS for the network's profile. */
  readonly engine: TlsEngine | undefined
  readonly policy: VerdictPolicy
  readonly clock: Clock
  readonly random: Random
  readonly yieldToEventLoop: YieldToEventLoop
  /** Hardest proof of work accepted, bits. */
  readonly maxPowDifficultyBits?: number | undefined
  /** Does the proof of work. Default: this thread, in slices. */
  readonly solvePow?: SolveProofOfWork | undefined
  /** Longest time without progress before the verdict, milliseconds. */
  readonly connectStallMs: number
  readonly session: Omit<SessionOptions, 'verdict' | 'clock' | 'random' | 'signal' | 'onEvent'>
}

/** Makes the connector of a client. Nothing happens until it is called. */
export function createConnector(settings: ConnectorSettings): ConnectProxy {
  return async (address, context) => {
    const { stream, verdict, certificateDer } = await connectAttested(settings, address, context)
    const { authorizeLong } = settings.session
    try {
      const { openSession } = await import('../../wire/session/index.js')
      const session = await openSession(stream, {
        ...settings.session,
        ...(authorizeLong !== undefined && {
          authorizeLong: (offer) => {
            context.keepAlive()
            return authorizeLong(offer)
          }
        }),
        verdict,
        clock: settings.clock,
        random: settings.random,
        signal: context.signal,
        onEvent: (event) => context.onEvent(event)
      })
      const peer = { certificateDer, address: address.text }
      return { session, verdict, recheck: createRecheck(settings.policy, settings.clock, peer) }
    } catch (error) {
      await closeQuietly(stream, error)
      throw error
    }
  }
}

/** Dial to verdict, ended by the caller's signal or by a peer that stalls. */
async function connectAttested(
  settings: ConnectorSettings,
  address: ProxyAddress,
  context: Pick<ConnectContext, 'signal' | 'onEvent'>
): Promise<RatlsConnection> {
  const { dialer, engine } = settings
  if (dialer === undefined)
    throw unsupported('raw TCP', 'Pass runtime.dialer, for instance one over a WebSocket relay.')
  if (engine === undefined) throw unsupported('a TLS engine for the network', 'Pass runtime.tls.')
  const { connectRatls } = await import('../../wire/ratls/index.js')
  const watchdog = new StallWatchdog(settings.clock, settings.connectStallMs)
  const scope = linkSignals(context.signal, watchdog.signal)
  try {
    return await connectRatls({
      target: address,
      dialer,
      engine,
      policy: settings.policy,
      clock: settings.clock,
      random: settings.random,
      yieldToEventLoop: settings.yieldToEventLoop,
      signal: scope.signal,
      maxPowDifficultyBits: settings.maxPowDifficultyBits,
      solvePow: settings.solvePow,
      onEvent: (event) => {
        watchdog.progress(event)
        context.onEvent(event)
      }
    })
  } catch (error) {
    throw watchdog.signal.aborted ? watchdog.signal.reason : error
  } finally {
    watchdog.stop()
    scope.release()
  }
}

const NEXT_PHASE: Readonly<Record<string, ErrorPhase>> = { dial: 'pow', pow: 'tls', tls: 'attestation' }

/** Fires when no step has ended and no hash was tried for a while. */
class StallWatchdog {
  readonly #controller = new AbortController()
  readonly #clock: Clock
  readonly #stallMs: number
  #phase: ErrorPhase = 'dial'
  #cancelTimer: () => void

  constructor(clock: Clock, stallMs: number) {
    this.#clock = clock
    this.#stallMs = stallMs
    this.#cancelTimer = this.#arm()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  progress(event: RatlsEvent): void {
    if (event.type === 'phase') this.#phase = NEXT_PHASE[event.phase] ?? this.#phase
    this.#cancelTimer()
    this.#cancelTimer = this.#arm()
  }

  stop(): void {
    this.#cancelTimer()
  }

  #arm(): () => void {
    return this.#clock.setTimer(() => {
      const message = `the proxy made no progress for ${this.#stallMs} ms`
      this.#controller.abort(
        new CocoonError('ERR_DIAL', message, { phase: this.#phase, retryable: true, httpStatus: 502 })
      )
    }, this.#stallMs)
  }
}

function unsupported(what: string, remedy: string): CocoonError {
  return new CocoonError('ERR_UNSUPPORTED_RUNTIME', `this runtime has no ${what}`, { phase: 'dial', remedy })
}
