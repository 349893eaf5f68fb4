/**
 * The states of a session, as a written machine. Only `setState` in session.ts changes the state; every change is one of
 * {@link TRANSITIONS}.
 *
 * ```
 * connecting ─► handshake ─► authorizing ─► ready ─► closing ─► closed
 *      └─────────────┴─────────────┴───────────────────┘
 * ```
 *
 * @module
 */
import { CocoonError, type ErrorPhase } from '../../errors.js'
import type { TonAddress } from '../../encoding/index.js'
import type { ProxyParams } from './types.js'

/** What the handshake settled. */
export interface HandshakeResult {
  readonly proxy: ProxyParams
  readonly clientContractAddress: TonAddress
  readonly auth: AuthorizationOffer
  /** BoC of the newest charge; absent when the proxy has none. */
  readonly signedPayment: Uint8Array | undefined
}

/** What the proxy wants from us. */
export type AuthorizationOffer =
  | { readonly kind: 'short'; readonly secretHash: Uint8Array; readonly nonce: bigint }
  | { readonly kind: 'long'; readonly nonce: bigint }

/** One state. */
export type SessionState =
  /** `tcp.connect` left; only `tcp.connected` is due. The end of the stream here means that our certificate was refused. */
  | { readonly tag: 'connecting' }
  /** `client.connectToProxy` left; its answer is due. Packets are ignored: the peer is not yet known to be ours. */
  | { readonly tag: 'handshake' }
  /** The addresses were looked at; an authorisation left; its answer is due, for a long one also the chain's. */
  | { readonly tag: 'authorizing'; readonly handshake: HandshakeResult }
  /** Queries run. */
  | { readonly tag: 'ready'; readonly handshake: HandshakeResult; readonly contractsVerified: boolean }
  /** Everything pending was rejected with `cause`; the stream is being released. */
  | { readonly tag: 'closing'; readonly cause: CocoonError }
  /** The stream and all timers are gone. */
  | { readonly tag: 'closed'; readonly cause: CocoonError }

/** Tag of a state. */
export type SessionTag = SessionState['tag']

/** Which state may follow which. */
export const TRANSITIONS: Readonly<Record<SessionTag, readonly SessionTag[]>> = {
  connecting: ['handshake', 'closing'],
  handshake: ['authorizing', 'closing'],
  authorizing: ['ready', 'closing'],
  ready: ['closing'],
  closing: ['closed'],
  closed: []
}

/** @throws CocoonError `ERR_INTERNAL` for a change that the machine does not have. */
export function assertTransition(from: SessionTag, to: SessionTag): void {
  if (!TRANSITIONS[from].includes(to)) {
    throw new CocoonError('ERR_INTERNAL', `a session cannot go from ${from} to ${to}`, { phase: phaseOf(from) })
  }
}

/** The phase that errors of a state carry. */
export function phaseOf(tag: SessionTag): ErrorPhase {
  return PHASES[tag]
}

const PHASES: Readonly<Record<SessionTag, ErrorPhase>> = {
  connecting: 'handshake',
  handshake: 'handshake',
  authorizing: 'authorization',
  ready: 'answer',
  closing: 'close',
  closed: 'close'
}
