/**
 * What a worker tells its proxy about one request, in order: head, parts, and one final or error.
 *
 * @module
 */
import type { TlValue } from '../../encoding/tl/index.js'
import type { TokensUsed } from '../../runtime/ports/inference.js'

/** What a worker adds to its last message. */
export interface WorkerFinal {
  readonly tokensUsed: TokensUsed
  /** Unix seconds. */
  readonly startSeconds: number
  readonly endSeconds: number
  /** JSON text; present when the request asked for it. */
  readonly debug: string | undefined
}

/** One message of a worker. */
export type WorkerStep =
  | {
      readonly kind: 'head'
      readonly response: TlValue<'http.response'>
      /** Set when the head is the whole answer. */
      readonly final?: WorkerFinal
    }
  | { readonly kind: 'part'; readonly bytes: Uint8Array }
  | { readonly kind: 'final'; readonly bytes: Uint8Array; readonly final: WorkerFinal }
  | { readonly kind: 'error'; readonly code: number; readonly text: string; readonly final: WorkerFinal }

/** Zero tokens. */
export const ZERO_TOKENS: TokensUsed = { prompt: 0n, cached: 0n, completion: 0n, reasoning: 0n, total: 0n }
