/**
 * Types of what a proxy says about money: payment notes and the counters in them. Interpretation, verification of the
 * signature and storage belong to payments/channel; the wire only passes them on.
 *
 * @module
 */
import type { TokensUsed } from './inference.js'

/** A payment statement of the proxy. Untrusted until payments/channel verified it. */
export interface PaymentNote {
  /** How it arrived. */
  readonly source: 'handshake' | 'authorization' | 'request' | 'status' | 'unsolicited'
  /** Hex request id that it concerns; only for `request`. */
  readonly requestId?: string | undefined
  /** BoC of the signed charge message; absent when the proxy sent an empty one. */
  readonly signedPayment?: Uint8Array | undefined
  /** Adjusted tokens that the proxy's database has committed. */
  readonly committedTokens?: bigint | undefined
  /** Cumulative adjusted tokens of this account at this proxy contract. */
  readonly totalTokens?: bigint | undefined
  /** Adjusted tokens charged for the request; only for `request`. */
  readonly requestTokens?: bigint | undefined
}

/** The end of one request as seen on the wire, whether or not anybody still waits for it. */
export interface RequestSettlement {
  readonly requestId: string
  readonly model: string
  readonly outcome: 'complete' | 'error' | 'lost'
  /** As reported in final_info; `undefined` when no final message came. */
  readonly tokensUsed: TokensUsed | undefined
}

/** Watches money-related messages. Must not throw; what it throws is ignored. */
export interface PaymentObserver {
  onPaymentNote?(note: PaymentNote): void
  onSettlement?(settlement: RequestSettlement): void
}
