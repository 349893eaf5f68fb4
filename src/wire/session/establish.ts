/**
 * From a protected stream to Ready: connect, handshake, look at the contracts, authorise.
 *
 * @module
 */
import { CocoonError, type ErrorPhase } from '../../errors.js'
import type { CancelTimer } from '../../runtime/ports/clock.js'
import {
  AUTHORIZATION_ANSWERS,
  authorizationRefused,
  authorizeRequest,
  chooseAuthorization,
  processAuthorization
} from './authorization.js'
import { connectToProxyRequest, handshakeRefused, processConnectedToProxy } from './handshake.js'
import type { ProxySession } from './proxy-session.js'
import type { SessionSettings } from './settings.js'
import type { HandshakeResult } from './state.js'
import type { SessionEvent, SessionOptions } from './types.js'

type PhaseEvent = Extract<SessionEvent, { type: 'phase' }>

/** Everything that one opening shares. */
interface Opening {
  readonly session: ProxySession
  readonly options: SessionOptions
  readonly settings: SessionSettings
}

/** @throws CocoonError what `openSession` documents. The caller shuts the session down then. */
export async function establish(
  session: ProxySession,
  options: SessionOptions,
  settings: SessionSettings
): Promise<void> {
  const opening = { session, options, settings }
  const cancelTimer = armTimeout(opening, 'handshake')
  try {
    await timed(opening, 'connect', session.connect())
    const handshake = await timed(opening, 'handshake', shakeHands(opening), ({ proxy: { protocolVersion } }) => ({
      protocolVersion
    }))
    const contractsVerified = await verifyContracts(opening, handshake)
    session.note({ source: 'handshake', signedPayment: handshake.signedPayment })
    session.setState({ tag: 'authorizing', handshake })
    const method = await session.whileOpen(chooseAuthorization(handshake.auth, options))
    if (method === 'short') await authorize(opening, method)
    else {
      cancelTimer()
      await authorizeLong(opening, handshake)
    }
    session.setState({ tag: 'ready', handshake, contractsVerified })
  } finally {
    cancelTimer()
  }
}

async function shakeHands({ session, options, settings }: Opening): Promise<HandshakeResult> {
  const query = connectToProxyRequest(options, settings)
  const answer = await session.ask(query, 'handshake', ['client.connectedToProxy']).catch(handshakeRefused)
  return processConnectedToProxy(answer, options, settings)
}

/** Whether the addresses were confirmed. Nobody to ask is not a failure, but it is said. */
async function verifyContracts({ session, options, settings }: Opening, handshake: HandshakeResult): Promise<boolean> {
  if (options.verifyContracts === undefined) return false
  const { proxy, clientContractAddress } = handshake
  const contracts = { proxy, clientContractAddress, ownerAddress: settings.ownerAddress }
  let isVerified: boolean
  try {
    isVerified = await session.whileOpen(Promise.resolve(options.verifyContracts(contracts)))
  } catch (error) {
    throw CocoonError.from(error, 'ERR_REGISTRY_MISMATCH', { phase: 'registry' })
  }
  if (isVerified === true) return true
  throw new CocoonError('ERR_REGISTRY_MISMATCH', 'the root state does not derive the contracts that the proxy names', {
    phase: 'registry'
  })
}

async function authorize(opening: Opening, method: 'short' | 'long'): Promise<void> {
  const { session, options } = opening
  const query = authorizeRequest(method, options)
  const asking = session.ask(query, 'authorization', AUTHORIZATION_ANSWERS).catch(authorizationRefused)
  const noting = asking.then((answer) => session.note(processAuthorization(answer, session.redact)))
  await timed(opening, 'authorization', noting, () => ({ method }))
}

/**
 * The long way: the query waits at the proxy until the register message with our nonce arrives on chain, so both run at
 * once. The proxy's word ends it, not the end of the callback; a callback that fails ends it too.
 */
async function authorizeLong(opening: Opening, handshake: HandshakeResult): Promise<void> {
  const { session, options } = opening
  const cancelTimer = armTimeout(opening, 'authorization')
  const over = new AbortController()
  try {
    const authorized = authorize(opening, 'long')
    // When the callback fails first, nobody waits for this one any more.
    authorized.catch(() => undefined)
    const { proxy, clientContractAddress, auth } = handshake
    const offer = { nonce: auth.nonce, proxy, clientContractAddress, signal: over.signal }
    const registering = new Promise<never>((_, reject) => {
      const failed = (error: unknown): void =>
        reject(CocoonError.from(error, 'ERR_AUTHORIZATION', { phase: 'authorization' }))
      Promise.resolve(options.authorizeLong!(offer)).catch(failed)
    })
    await Promise.race([authorized, session.whileOpen(registering)])
  } finally {
    cancelTimer()
    over.abort()
  }
}

/** Waits for a step that just began, and reports how long it took with what is to be said about its result. */
async function timed<T>(
  { session, options: { clock } }: Opening,
  phase: PhaseEvent['phase'],
  step: Promise<T>,
  details?: (result: T) => Pick<PhaseEvent, 'protocolVersion' | 'method'>
): Promise<T> {
  const startedMs = clock.monotonic()
  const result = await step
  session.emit({ type: 'phase', phase, ms: clock.monotonic() - startedMs, ...details?.(result) })
  return result
}

function armTimeout({ session, options, settings: { limits } }: Opening, phase: ErrorPhase): CancelTimer {
  const [delayMs, text] =
    phase === 'handshake'
      ? [limits.handshakeTimeoutMs, 'the peer did not finish the handshake in time']
      : [limits.longAuthorizationTimeoutMs, 'nobody authorised us in time']
  return options.clock.setTimer(
    () => void session.shutDown(new CocoonError('ERR_TIMEOUT', text, { phase, retryable: true }), true),
    delayMs
  )
}
