/**
 * Requests as the network accepts them, and answers as OpenAI shapes them. Answers are passed on as received: every
 * interface of one has an index signature for what servers add.
 *
 * @module
 */
import type { TokensUsed } from '../../runtime/ports/inference.js'
import type { Receipt } from '../../runtime/ports/request-receipt.js'
import type { ChunkStream } from './chunk-stream.js'
import type { CallFigures } from './figures.js'
import type { FileInput } from './multipart.js'
import type { InferencePeer } from '../../runtime/ports/inference.js'

/** One part of a message's content. Workers take text; other parts pass only in the network's own form (v3.md §3.3). */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: string; readonly [key: string]: unknown }

/** One message of a chat. */
export interface ChatMessage {
  readonly role: 'developer' | 'system' | 'user' | 'assistant' | 'tool' | 'function'
  /** `null` stands for absent. */
  readonly content?: string | readonly ContentPart[] | null | undefined
  readonly name?: string | undefined
  readonly tool_call_id?: string | undefined
  readonly tool_calls?: ReadonlyArray<Readonly<Record<string, unknown>>> | null | undefined
  readonly refusal?: string | null | undefined
}

/** Fields that both text endpoints share. Which of them a worker takes depends on its protocol version; see docs. */
export interface SharedRequestFields {
  /** Base name as `models.list()` shows it; `name@hash` is cut to it. */
  readonly model: string
  readonly max_tokens?: number | null | undefined
  readonly max_completion_tokens?: number | null | undefined
  readonly temperature?: number | null | undefined
  readonly top_p?: number | null | undefined
  readonly frequency_penalty?: number | null | undefined
  readonly presence_penalty?: number | null | undefined
  readonly n?: number | null | undefined
  readonly seed?: number | null | undefined
  readonly stop?: string | readonly string[] | null | undefined
  readonly stream_options?:
    | { readonly include_usage?: boolean; readonly include_obfuscation?: boolean }
    | null
    | undefined
  readonly logprobs?: boolean | null | undefined
  readonly user?: string | undefined
  readonly skip_special_tokens?: boolean | undefined
  /** Read and removed: highest worker price coefficient, 1/1000. */
  readonly max_coefficient?: number | undefined
  /** Read and removed: total budget in seconds. */
  readonly timeout?: number | undefined
  /** Read and removed. */
  readonly enable_debug?: boolean | undefined
}

/** Body of a chat completion. */
export interface ChatCompletionRequest extends SharedRequestFields {
  readonly messages: readonly ChatMessage[]
  readonly stream?: boolean | null | undefined
  readonly top_logprobs?: number | null | undefined
  readonly reasoning_effort?: string | null | undefined
  readonly verbosity?: string | null | undefined
  readonly parallel_tool_calls?: boolean | undefined
  readonly store?: boolean | null | undefined
  readonly response_format?:
    | { readonly type: 'text' | 'json_object' }
    | { readonly type: 'json_schema'; readonly json_schema: { readonly name?: string; readonly schema: object } }
    | string
    | null
    | undefined
  /** Refused by workers; `tools: 'prompt'` (an option, not a field) asks by prompt instead. */
  readonly tools?:
    | ReadonlyArray<{
        readonly type: 'function'
        readonly function: {
          readonly name: string
          readonly description?: string | undefined
          readonly parameters?: unknown
        }
      }>
    | undefined
  readonly tool_choice?:
    | 'auto'
    | 'none'
    | 'required'
    | { readonly type: 'function'; readonly function: { readonly name: string } }
    | undefined
  readonly chat_template_kwargs?: { readonly enable_thinking?: boolean } | undefined
  readonly safety_identifier?: string | undefined
  readonly prompt_cache_key?: string | undefined
  readonly prompt_cache_retention?: string | null | undefined
  readonly modalities?: readonly string[] | null | undefined
}

/** Body of a text completion. */
export interface CompletionRequest extends SharedRequestFields {
  readonly prompt: string | readonly string[]
  readonly stream?: boolean | null | undefined
  readonly best_of?: number | null | undefined
  readonly echo?: boolean | null | undefined
  /** A string for workers of protocol 3 and later, a boolean for older ones. */
  readonly suffix?: string | boolean | null | undefined
}

/** Body of a transcription; only on networks of protocol 3 and later. */
export interface TranscriptionRequest {
  readonly model: string
  readonly file: FileInput
  readonly language?: string | undefined
  readonly prompt?: string | undefined
  readonly temperature?: number | undefined
  readonly response_format?: 'json' | undefined
  readonly chunking_strategy?: string | undefined
  readonly stream?: boolean | undefined
  readonly max_tokens?: number | undefined
  readonly max_completion_tokens?: number | undefined
  readonly max_coefficient?: number | undefined
  readonly timeout?: number | undefined
  readonly enable_debug?: boolean | undefined
}

/** Raw token counts, before the network's multipliers, with the worker's own cost figures in nanotons. */
export interface Usage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly prompt_total_cost?: number
  readonly completion_total_cost?: number
  readonly total_cost?: number
  readonly [key: string]: unknown
}

/** A whole chat completion. */
export interface ChatCompletion {
  readonly id: string
  readonly object: 'chat.completion'
  readonly created: number
  readonly model: string
  readonly choices: ReadonlyArray<{
    readonly index: number
    readonly message: { readonly role: 'assistant'; readonly content: string | null; readonly [key: string]: unknown }
    readonly finish_reason: string
    readonly [key: string]: unknown
  }>
  readonly usage?: Usage
  readonly [key: string]: unknown
}

/** One chunk of a streamed chat completion. */
export interface ChatCompletionChunk {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  readonly created: number
  readonly model: string
  readonly choices: ReadonlyArray<{
    readonly index: number
    readonly delta: { readonly role?: string; readonly content?: string | null; readonly [key: string]: unknown }
    readonly finish_reason: string | null
    readonly [key: string]: unknown
  }>
  readonly usage?: Usage | null
  readonly [key: string]: unknown
}

/** A text completion, whole or a chunk of one. */
export interface Completion {
  readonly id: string
  readonly object: 'text_completion'
  readonly created: number
  readonly model: string
  readonly choices: ReadonlyArray<{
    readonly index: number
    readonly text: string
    readonly finish_reason: string | null
    readonly [key: string]: unknown
  }>
  readonly usage?: Usage | null
  readonly [key: string]: unknown
}

/** A transcription. */
export interface Transcription {
  readonly text: string
  readonly [key: string]: unknown
}

/** One event of a streamed transcription, as the worker sends it. */
export interface TranscriptionEvent {
  readonly [key: string]: unknown
}

/** One model of the market. */
export interface Model {
  /** Base name. */
  readonly id: string
  readonly object: 'model'
  readonly created: 0
  readonly owned_by: 'cocoon'
  /** Empty when the model is known and nobody serves it now. `coefficient` is the price factor in 1/1000. */
  readonly workers: ReadonlyArray<{
    readonly coefficient: number
    readonly running_requests: number
    readonly max_running_requests: number
  }>
}

/** The market. */
export interface ModelList {
  readonly object: 'list'
  readonly data: readonly Model[]
}

/** What stands around an answer. */
export interface AnswerContext {
  /** Status and headers; the body was read by the library. */
  readonly response: Response
  /** Hex id of the request on the network. */
  readonly requestId: string
  /** Id of the attestation report that the connection was accepted with; `null` where there is none. */
  readonly attestationId: string | null
  readonly peer: InferencePeer
  /** Whether request and answer were encrypted end to end, beyond the connection's own encryption. */
  readonly encrypted: boolean
  /**
   * The receipt of this request, for clients with the option `payments`; `undefined` for others. Resolves when the answer
   * is over and the proxy has told its charge, a few seconds later at most; so an answer that nobody reads has none before
   * the client is closed. Rejects with `ERR_LEDGER*` when it could not be stored, which harms nobody who does not look.
   */
  readonly receipt: Promise<Receipt> | undefined
  /** Resolves when the answer is over, also when it failed or was aborted. Never rejects. */
  readonly final: Promise<CallFigures>
}

/** A whole answer with its context and figures; see {@link CallFigures}. */
export interface WholeResult<D> extends AnswerContext, CallFigures {
  readonly data: D
}

/** A stream with its context; the figures are known only at its end. */
export interface StreamResult<C> extends AnswerContext {
  readonly data: ChunkStream<C>
  /** Resolves with `final`. */
  readonly costNano: Promise<bigint | undefined>
  /** Resolves with `final`. */
  readonly tokensUsed: Promise<TokensUsed | undefined>
}
