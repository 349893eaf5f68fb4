/**
 * Sets up one connection to one proxy: wire/ratls (dial, proof of work, TLS, verdict), then wire/session (handshake,
 * authorisation). A peer that stops making progress is given up, so that the next proxy gets its turn.
 *
 * The wire is loaded with the pool, by the first call: a page that only shows the client, or goes through a gateway, does
 * not pay for it.
 *
 * @module
 */
import { CocoonError, type ErrorPhase } from '../../errors.js'
import type { Dialer } from '../../runtime/ports/byte-stream.js'
import type { CancelTimer, Clock, Random, YieldToEventLoop } from '../../runtime/ports/clock.js'
import type { SolveProofOfWork } from '../../runtime/ports/proof-of-work.js'
import type { TlsEngine } from '../../runtime/ports/tls-engine.js'
import type { Verdict, VerdictPolicy } from '../../runtime/ports/verdict.js'
import { closeQuietly } from '../../runtime/shared/index.js'
import { connectRatls, type RatlsConnection, type RatlsEvent } from '../../wire/ratls/index.js'
import { openSession, type Session, type SessionEvent, type SessionOptions } from '../../wire/session/index.js'
import { linkSignal } from './abortable.js'
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
export function createConnector({ session: sessionSettings, ...wire }: ConnectorSettings): ConnectProxy {
  const { policy, clock, random } = wire
  const { authorizeLong } = sessionSettings
  return async (address, context) => {
    const { stream, verdict, certificateDer } = await connectAttested(wire, address, context)
    try {
      const session = await openSession(stream, {
        ...sessionSettings,
        authorizeLong:
          authorizeLong &&
          ((offer) => {
            context.keepAlive()
            return authorizeLong(offer)
          }),
        verdict,
        clock,
        random,
        signal: context.signal,
        onEvent: (event) => context.onEvent(event)
      })
      return { session, verdict, recheck: createRecheck(policy, clock, { certificateDer, address: address.text }) }
    } catch (error) {
      await closeQuietly(stream, error)
      throw error
    }
  }
}

/** Which step is under way when another has ended. */
const NEXT_PHASE: Readonly<Record<string, ErrorPhase>> = { dial: 'pow', pow: 'tls', tls: 'attestation' }

/** Dial to verdict, ended by the caller's signal or when no step has ended and no hash was tried for a while. */
async function connectAttested(
  wire: Omit<ConnectorSettings, 'session'>,
  target: ProxyAddress,
  context: ConnectContext
): Promise<RatlsConnection> {
  const { dialer, engine, clock, connectStallMs } = wire
  if (dialer === undefined)
    throw unsupported('raw TCP', 'Pass runtime.dialer, for instance one over a WebSocket relay.')
  if (engine === undefined) throw unsupported('a TLS engine for the network', 'Pass runtime.tls.')
  const { signal, abort, release } = linkSignal(context.signal)
  let phase: ErrorPhase = 'dial'
  let stalled: CocoonError | undefined
  const watch = (): CancelTimer =>
    clock.setTimer(() => {
      const message = `the proxy made no progress for ${connectStallMs} ms`
      stalled = new CocoonError('ERR_DIAL', message, { phase, retryable: true, httpStatus: 502 })
      abort(stalled)
    }, connectStallMs)
  let cancelTimer = watch()
  const onEvent = (event: RatlsEvent): void => {
    if (event.type === 'phase') phase = NEXT_PHASE[event.phase] ?? phase
    cancelTimer()
    cancelTimer = watch()
    context.onEvent(event)
  }
  try {
    return await connectRatls({ ...wire, dialer, engine, target, signal, onEvent })
  } catch (error) {
    throw stalled ?? error
  } finally {
    cancelTimer()
    release()
  }
}

function unsupported(what: string, remedy: string): CocoonError {
  return new CocoonError('ERR_UNSUPPORTED_RUNTIME', `this runtime has no ${what}`, { phase: 'dial', remedy })
}
