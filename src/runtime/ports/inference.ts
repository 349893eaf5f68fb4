/**
 * Port between the OpenAI surface (client/openai) and whatever carries a request to a worker (client/network directly,
 * client/gateway over HTTPS). The surface knows HTTP and JSON; the carrier knows connections. Neither knows the other.
 *
 * @module
 */
import { CocoonError, type CocoonErrorOptions, type ErrorCode } from '../../errors.js'
import type { TokensUsed } from './prices.js'
import type { Receipt } from './request-receipt.js'

export type { TokensUsed } from './prices.js'

/** A call's total time budget and the caller's cancellation in one object. */
export interface CallBudget {
  /** Fires with a `CocoonError` (`ERR_TIMEOUT`, `ERR_ABORTED`) as its reason, whichever comes first. */
  readonly signal: AbortSignal
  /** Milliseconds left, ≥ 0. */
  remainingMs(): number
}

/** The peer that will serve a call, as known after the handshake and before the query. */
export interface InferencePeer {
  /** `host:port` of the proxy, or the origin of the gateway. */
  readonly address: string
  /** Negotiated protocol version, 0…4. */
  readonly protocolVersion: number
  /** Id of the attestation report that this connection was accepted with; `null` when there is none (gateway). */
  readonly attestationId: string | null
  /** Whether the evidence was verified; `false` for what `cocoonkit/unsafe` accepted. */
  readonly verified: boolean
  /** Whether the network's root contract derives the contracts that the proxy names; absent = nobody could say. */
  readonly contractsVerified?: boolean | undefined
}

/** One request as it leaves for the worker. */
export interface InferenceRequest {
  /** Model base name (text before `@`). */
  readonly model: string
  /** Exact path, no query: `/v1/chat/completions`, `/v1/completions` or `/v1/audio/transcriptions`. */
  readonly path: string
  /** Headers for the worker, in order. Never `Connection`, `Transfer-Encoding`, `Authorization`, `Cookie`. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Uint8Array
  /** Highest worker price coefficient accepted, 1/1000. */
  readonly maxCoefficient: number
  /** Reservation in tokens (TL `max_tokens`); does not limit the generation. */
  readonly reservedTokens: number
  readonly enableDebug: boolean
  /** The network's end-to-end key that the body is encrypted to, 32 bytes; absent when it is not encrypted. */
  readonly networkPublicKey?: Uint8Array | undefined
  /** Told the id under which the request left, where the carrier knows it; an error alone cannot say it. Must not throw. */
  readonly onSent?: ((requestId: string) => void) | undefined
}

/** What the last message of an answer says. Advice by the peer: nothing in it is trusted to fail a complete answer. */
export interface InferenceFinal {
  /** `undefined` when the peer sent no figures. */
  readonly tokensUsed: TokensUsed | undefined
  readonly workerDebug: string | undefined
  readonly proxyDebug: string | undefined
  /** Unix seconds by the peers' clocks; may be NaN or 0. */
  readonly times:
    | {
        readonly proxyStart: number
        readonly proxyEnd: number
        readonly workerStart: number
        readonly workerEnd: number
      }
    | undefined
  /** Whether a final message came at all. */
  readonly complete: boolean
}

/** An answer whose head has arrived. */
export interface InferenceAnswer {
  /** Hex of the 32-byte request id. */
  readonly requestId: string
  readonly peer: InferencePeer
  /** HTTP status of the inference server, as the worker passed it on. */
  readonly status: number
  /** Headers of the inference server. Not to be believed for framing, length or type. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  /**
   * Body parts in order; may be iterated once. A slow reader is buffered up to the carrier's limit and then holds the peer back.
   *
   * Ends at the final message. @throws CocoonError `ERR_QUERY_REFUSED` | `ERR_STREAM_TRUNCATED` | `ERR_CONNECTION_LOST` | the budget's reason.
   */
  readonly parts: AsyncIterable<Uint8Array>
  /** Resolves when the final message came (`complete: true`) or the answer failed (`complete: false`). Never rejects. */
  readonly final: Promise<InferenceFinal>
  /** Gives the answer up: `parts` ends with this reason; what still arrives is drained and its charge is still observed. */
  cancel(reason: unknown): void
  /** Whether request and answer were encrypted end to end to a key of the network; absent = no. */
  readonly encrypted?: boolean | undefined
  /** The receipt of the request, where the carrier keeps receipts. An unread rejection harms nobody. */
  readonly receipt?: Promise<Receipt> | undefined
}

/** One worker as the market shows it. */
export interface WorkerInstance {
  /** Price coefficient, 1/1000. */
  readonly coefficient: number
  readonly activeRequests: number
  readonly maxActiveRequests: number
}

/** One model of the market. */
export interface WorkerType {
  /** Base name. */
  readonly name: string
  readonly workers: readonly WorkerInstance[]
}

/**
 * Thrown by `prepare` for a peer that cannot serve the request, where another one might. A carrier with more than one peer
 * goes on to the next; when there is none it throws this, or what says why the other peers were not to be had.
 */
export class PeerUnsuitable extends CocoonError {
  /** Whether the request can be had in another form: then no peer is waited for that is not to be had at once. */
  readonly isOptional: boolean

  constructor(code: ErrorCode, message: string, options: CocoonErrorOptions & { readonly isOptional: boolean }) {
    super(code, message, options)
    this.isOptional = options.isOptional
  }
}

/** Carries requests. Safe to call in parallel. */
export interface InferenceTransport {
  /**
   * Finds a peer, asks `prepare` for the request in the form that this peer's protocol version takes, sends it, and resolves
   * with the head of the answer. `prepare` may be called again for another peer as long as nothing was sent; what it
   * throws is thrown as it is, but {@link PeerUnsuitable}. A request that was sent is never sent a second time.
   *
   * @throws CocoonError of any network phase; `charged` says whether the request may have been charged.
   */
  send(
    prepare: (peer: InferencePeer) => InferenceRequest | Promise<InferenceRequest>,
    budget: CallBudget
  ): Promise<InferenceAnswer>
  /** The models and workers that the connected proxy offers now. */
  listWorkerTypes(budget: CallBudget): Promise<{ readonly peer: InferencePeer; readonly types: readonly WorkerType[] }>
}
