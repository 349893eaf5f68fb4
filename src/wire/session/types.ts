/**
 * What a session takes and gives. A session is one authorised connection to a proxy that carries many requests.
 *
 * @module
 */
import type { TonAddress } from '../../encoding/index.js'
import type { CocoonError } from '../../errors.js'
import type { Clock, Random } from '../../runtime/ports/clock.js'
import type {
  CallBudget,
  InferenceAnswer,
  InferencePeer,
  InferenceRequest,
  WorkerType
} from '../../runtime/ports/inference.js'
import type { PaymentNote, PaymentObserver } from '../../runtime/ports/receipt.js'
import type { Verdict } from '../../runtime/ports/verdict.js'

/** What the proxy says about itself in `client.connectedToProxy`; statements of the peer, not proofs. */
export interface ProxyParams {
  /** Ed25519 key that signs charges, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly ownerAddress: TonAddress
  /** The proxy contract. */
  readonly contractAddress: TonAddress
  readonly isTest: boolean
  /** Negotiated protocol version, 0…4. */
  readonly protocolVersion: number
}

/** What `verifyContracts` decides about: whether the root state derives these addresses. */
export interface SessionContracts {
  readonly proxy: ProxyParams
  /** The client contract that the proxy names for our owner. */
  readonly clientContractAddress: TonAddress
  /** Our own `owner` option, parsed. */
  readonly ownerAddress: TonAddress
}

/** What a long authorisation needs: a register message with this nonce, sent from the owner to its client contract. */
export interface LongAuthorizationOffer {
  /** 64 bits, valid for this connection only. */
  readonly nonce: bigint
  readonly proxy: ProxyParams
  readonly clientContractAddress: TonAddress
  /** Fires when the session gives up; stop sending then. */
  readonly signal: AbortSignal
}

/** One structured event. Never a body, a secret, an address or a peer's text. */
export type SessionEvent =
  | {
      /** A step of the connection ended well. */
      readonly type: 'phase'
      readonly phase: 'connect' | 'handshake' | 'authorization'
      readonly ms: number
      readonly protocolVersion?: number
      readonly method?: 'short' | 'long'
    }
  | { readonly type: 'query-sent'; readonly requestId: string; readonly bytes: number }
  | { readonly type: 'answer-head'; readonly requestId: string; readonly status: number; readonly ms: number }
  | {
      readonly type: 'answer-end'
      readonly requestId: string
      readonly outcome: 'complete' | 'error' | 'lost'
      readonly ms: number
      /** Body bytes received. */
      readonly bytes: number
    }
  | {
      /** A message that a session ignores by rule. */
      readonly type: 'ignored'
      readonly reason: 'unknown-constructor' | 'unknown-request' | 'unknown-query' | 'after-final' | 'unexpected-type'
    }
  | { readonly type: 'closed'; readonly code: string; readonly phase: string }

/** Limits and times of a session. Every field has a default; `undefined` = default. */
export interface SessionLimits {
  /** From opening to Ready without a long authorisation, milliseconds. Default 30,000, as the reference. */
  readonly handshakeTimeoutMs?: number | undefined
  /** A long authorisation as a whole, milliseconds. Default 300,000, as the reference. */
  readonly longAuthorizationTimeoutMs?: number | undefined
  /** Silence after which a ping is sent, milliseconds. Default 10,000. */
  readonly pingAfterMs?: number | undefined
  /** Silence after which the connection counts as dead, milliseconds. Default 20,000. */
  readonly deadAfterMs?: number | undefined
  /** Largest frame accepted and sent, payload bytes. Default 16,777,216 (also the most). */
  readonly maxFrameBytes?: number | undefined
  /**
   * Bytes of one answer that wait for a slow reader. The network has no flow control per request, so: while every running
   * answer is half full, the socket is not read (the peer is held back); as long as another request still waits for data,
   * reading goes on, and the answer that exceeds this limit fails alone with `ERR_ANSWER_TOO_LARGE`. A single message
   * that is larger than the limit is taken when nothing else waits. Default 8,388,608.
   */
  readonly maxBufferedAnswerBytes?: number | undefined
  /**
   * Bytes of all answers that wait for slow readers. Above it, the answer with the most waiting bytes fails with
   * `ERR_ANSWER_TOO_LARGE`. Default 134,217,728.
   */
  readonly maxBufferedTotalBytes?: number | undefined
}

/** Options of `openSession`. */
export interface SessionOptions {
  /** Must equal the proxy's. */
  readonly isTest: boolean
  /** The wallet contract that owns the client contract; any form of TON address text. Sent as it is. */
  readonly owner: string
  /** The account secret. Leaves only after a positive verdict and when its SHA-256 equals the hash that the proxy offers. */
  readonly secret?: Uint8Array | undefined
  /** The verdict on this very connection. */
  readonly verdict: Verdict
  /** Lowest root `version` that the proxy must have active; 0 is always fine. */
  readonly configVersion: number
  /** Versions offered. Default 1…4. */
  readonly protocolVersions?: { readonly min: number; readonly max: number } | undefined
  /** Sends the chain message of a long authorisation; without it such an offer is `ERR_AUTHORIZATION_LONG_REQUIRED`. */
  readonly authorizeLong?: ((offer: LongAuthorizationOffer) => Promise<void>) | undefined
  /** Compares the addresses with the root state; `false` refuses with `ERR_REGISTRY_MISMATCH` before the secret leaves. */
  readonly verifyContracts?: ((contracts: SessionContracts) => boolean | Promise<boolean>) | undefined
  readonly clock: Clock
  readonly random: Random
  /** Sees payment notes and ends of requests. */
  readonly observer?: PaymentObserver | undefined
  /** Watches the session. What it throws is ignored. */
  readonly onEvent?: ((event: SessionEvent) => void) | undefined
  /** Ends the opening (not the open session) with its reason. */
  readonly signal?: AbortSignal | undefined
  readonly limits?: SessionLimits | undefined
}

/** Context of one query. */
export interface QueryContext {
  readonly budget: CallBudget
  /** Put into the answer as it is. */
  readonly peer: InferencePeer
}

/** One authorised connection. Safe to call in parallel. */
export interface Session {
  /** Negotiated, 0…4. */
  readonly protocolVersion: number
  readonly proxy: ProxyParams
  readonly clientContractAddress: TonAddress
  /** Whether `verifyContracts` confirmed the addresses; `false` when nobody could. */
  readonly contractsVerified: boolean
  /** Requests without a final message, abandoned ones included. */
  readonly activeRequests: number
  /** Whether {@link Session.closed} has resolved. */
  readonly isClosed: boolean

  /**
   * Sends one request and resolves with the head of its answer.
   *
   * @throws CocoonError `ERR_REQUEST_TOO_LARGE` | `ERR_QUERY_REFUSED` | `ERR_ANSWER_INVALID` | `ERR_CONNECTION_LOST` |
   * `ERR_CLOSED` | the budget's reason. The session stays usable after all but `ERR_CONNECTION_LOST` and `ERR_CLOSED`.
   */
  query(request: InferenceRequest, context: QueryContext): Promise<InferenceAnswer>

  /** The models and workers that the proxy offers now (V2, or what V1 tells when the peer has no V2). */
  getWorkerTypes(budget: CallBudget): Promise<readonly WorkerType[]>

  /** Asks for the newest charge; it also goes to the observer. */
  updatePaymentStatus(budget: CallBudget): Promise<PaymentNote>

  /** Ends the connection; everything pending rejects with `ERR_CLOSED` (or `reason`, when it is a CocoonError). */
  close(reason?: unknown): Promise<void>

  /** Resolves with the cause once the connection has ended, however it ended. Never rejects. */
  readonly closed: Promise<CocoonError>
}
