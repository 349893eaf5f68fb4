/**
 * What a gateway tells its operator: ids, sizes, times, money. Never bodies, headers or tokens.
 *
 * @module
 */
import type { Charged, ErrorCode } from '../errors.js'
import type { TokensUsed } from '../runtime/ports/inference.js'

/** One finished request of one user. */
export interface GatewayReceipt {
  /** `x-request-id` of the answer. */
  readonly requestId: string
  /** Hex id on the network; absent when the request never left. */
  readonly networkRequestId?: string | undefined
  readonly user: string
  /** As the request named it; absent for what is no request to a model. */
  readonly model?: string | undefined
  /** `/v1/…`. */
  readonly path: string
  /** Whether the body was encrypted to the workers. */
  readonly isEncrypted: boolean
  /** HTTP status of the answer. */
  readonly status: number
  /** `complete`: the last byte was taken by the caller. `cut`: the caller left, was too slow, or the answer broke off. */
  readonly outcome: 'complete' | 'cut' | 'error'
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number
  /** To the last byte, milliseconds. */
  readonly durationMs: number
  /** Bytes of the answer's body that the caller took. */
  readonly bytesOut: number
  /** As the network reported; absent when it reported nothing. */
  readonly tokensUsed?: TokensUsed | undefined
  readonly charged: Charged
  /** What the budget was charged with, nanotons. */
  readonly spentNano: bigint
  /** Where `spentNano` comes from: the price times the tokens, the peer's claim, or the estimate where nothing is known. */
  readonly spentSource: 'price' | 'peer-claim' | 'estimate' | 'nothing'
  /** Id of the attestation report of the connection. */
  readonly attestationId?: string | undefined
}

/** One event. */
export type GatewayEvent =
  /** Turned away before it reached the network. */
  | {
      readonly type: 'refused'
      readonly requestId: string
      readonly status: number
      readonly code: ErrorCode
      readonly path: string
      readonly user?: string | undefined
    }
  /** Handed to the client. */
  | {
      readonly type: 'accepted'
      readonly requestId: string
      readonly user: string
      readonly path: string
      readonly model: string | undefined
      readonly isEncrypted: boolean
      readonly bytesIn: number
      readonly estimateNano: bigint
    }
  | ({ readonly type: 'finished' } & GatewayReceipt)
  /** A callback of the operator failed; nothing else is affected. */
  | { readonly type: 'callback-failed'; readonly callback: 'onReceipt' | 'budget'; readonly requestId: string }
