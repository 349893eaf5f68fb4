/**
 * Options of the surface and of one call, their defaults and their checks.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'
import type { Clock, Random } from '../../runtime/ports/clock.js'
import type { InferencePeer, InferenceTransport } from '../../runtime/ports/inference.js'
import type { RulesOption } from './rules/index.js'

/** What a call can be told beside its body. */
export interface RequestOptions {
  /** Cancels the call. The network has no cancel: a request that left runs on and is charged. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds from the call to the last chunk, everything included. Default 120,000. */
  readonly timeoutMs?: number | undefined
  /** Highest worker price coefficient accepted, 1/1000, 0…2^31 − 1. Default 4000 (as the reference client). */
  readonly maxCoefficient?: number | undefined
  /** Asks proxy and worker for timings in the final message. Default `false`. */
  readonly debug?: boolean | undefined
  /** See {@link CallDefaults.translate}. */
  readonly translate?: boolean | undefined
  /** See {@link CallDefaults.streamFallback}. */
  readonly streamFallback?: 'none' | 'buffered' | undefined
  /** See {@link CallDefaults.tools}. */
  readonly tools?: 'native' | 'prompt' | undefined
  /** See {@link CallDefaults.jsonMode}. */
  readonly jsonMode?: 'native' | 'prompt' | undefined
}

/** What calls use where they say nothing themselves; `undefined` is the default named. */
export interface CallDefaults {
  /** Default 120,000. */
  readonly timeoutMs?: number | undefined
  /** Default 4000. */
  readonly maxCoefficient?: number | undefined
  /**
   * Tokens reserved at the proxy when the body limits nothing, 0…2^31 − 1. Default 10,000 (as the newer reference client,
   * which also writes it into the body; this library leaves the body alone, so that it does not limit the answer).
   */
  readonly reservedTokens?: number | undefined
  /** Default `false`. */
  readonly debug?: boolean | undefined
  /** Say losslessly what workers take only in another form. Default `true`; `false` refuses such requests. */
  readonly translate?: boolean | undefined
  /**
   * `buffered` asks workers for a whole answer when the caller wants a stream, and yields it as chunks: for workers
   * that lose event streams. Default `none`.
   */
  readonly streamFallback?: 'none' | 'buffered' | undefined
  /**
   * `prompt`: `tools` of a chat request are told to the model as instructions, and its text is read back as tool calls,
   * strictly: for workers that refuse the field, which today are all. No worker enforces the form; an answer that breaks
   * it is `ERR_ANSWER_INVALID`, and paid. Default `native`: the field is sent, or refused by the rules.
   */
  readonly tools?: 'native' | 'prompt' | undefined
  /**
   * `prompt`: the same for `response_format` of type `json_object` and `json_schema`. The answer's content is then JSON
   * that was checked; a stream yields it in one piece at its end. Default `native`.
   */
  readonly jsonMode?: 'native' | 'prompt' | undefined
}

/** Bounds of what is held of an answer. */
export interface AnswerLimits {
  /** Longest single event of a stream, UTF-16 code units. Default 16,777,216 (one frame). */
  readonly maxEventChars?: number | undefined
  /** Longest body of an answer that is no stream, bytes. Default 67,108,864. */
  readonly maxAnswerBytes?: number | undefined
}

/** What `createOpenAISurface` is made from. */
export interface OpenAISurfaceOptions {
  readonly transport: InferenceTransport
  readonly clock: Clock
  /** For multipart boundaries. */
  readonly random: Random
  readonly defaults?: CallDefaults | undefined
  readonly limits?: AnswerLimits | undefined
  /** Text beside the request that must not stand in an error, whatever a peer repeats: spellings of the account secret. */
  readonly confidential?: readonly string[] | undefined
  /** Request rules. Default `auto`: those of the peer's protocol version. */
  readonly rules?: RulesOption | undefined
  /** Nanotons per adjusted token, from the network description; a function where peers differ. Unknown by default. */
  readonly pricePerTokenNano?: bigint | ((peer: InferencePeer) => bigint | undefined) | undefined
}

/** Options with every default filled in. */
export interface SurfaceContext {
  readonly transport: InferenceTransport
  readonly clock: Clock
  readonly random: Random
  readonly rules: RulesOption
  readonly confidential: readonly string[]
  readonly maxEventChars: number
  readonly maxAnswerBytes: number
  readonly defaults: {
    readonly timeoutMs: number
    readonly maxCoefficient: number
    readonly reservedTokens: number
    readonly debug: boolean
    readonly translate: boolean
    readonly streamFallback: 'none' | 'buffered'
    readonly tools: 'native' | 'prompt'
    readonly jsonMode: 'native' | 'prompt'
  }
  readonly priceAt: (peer: InferencePeer) => bigint | undefined
}

const MAX_INT32 = 2_147_483_647

/** Fills in the defaults. @throws CocoonError `ERR_OPTIONS`. */
export function resolveOptions(options: OpenAISurfaceOptions): SurfaceContext {
  const { transport, clock, random, defaults = {}, limits = {}, rules = 'auto', pricePerTokenNano: price } = options
  return {
    transport,
    clock,
    random,
    rules,
    confidential: options.confidential ?? [],
    maxEventChars: checkInteger('maxEventChars', limits.maxEventChars ?? 16_777_216, 1),
    maxAnswerBytes: checkInteger('maxAnswerBytes', limits.maxAnswerBytes ?? 67_108_864, 1),
    defaults: {
      timeoutMs: defaults.timeoutMs ?? 120_000,
      maxCoefficient: checkInteger('maxCoefficient', defaults.maxCoefficient ?? 4000),
      reservedTokens: checkInteger('reservedTokens', defaults.reservedTokens ?? 10_000),
      debug: defaults.debug ?? false,
      translate: defaults.translate ?? true,
      streamFallback: defaults.streamFallback ?? 'none',
      tools: defaults.tools ?? 'native',
      jsonMode: defaults.jsonMode ?? 'native'
    },
    priceAt: typeof price === 'function' ? price : () => price
  }
}

/** A whole number from `min` to 2^31 − 1, the range of the network's integers. @throws CocoonError `ERR_OPTIONS`. */
export function checkInteger(name: string, value: unknown, min = 0): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= MAX_INT32) return value as number
  throw new CocoonError('ERR_OPTIONS', `${name} must be a whole number from ${min} to ${MAX_INT32}`, {
    phase: 'options',
    field: name
  })
}
