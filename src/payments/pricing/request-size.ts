/**
 * How large a request can get, read from its body without a tokenizer: bounds that hold, and guesses that are called so.
 *
 * The bound of the prompt: tokenizers of today's models work on bytes, so no token stands for less than one byte of UTF-8;
 * a chat template adds a constant a message and a preamble. Hence tokens ≤ bytes + 16 a message + 256. It does not hold
 * for tokenizers that expand text while normalising it, nor for parts that are no text.
 *
 * @module
 */

/** Tokens that a template may put around one message. */
export const TOKENS_PER_MESSAGE = 16
/** Tokens that a template may put in front of a conversation (default system prompts, dates, tool preambles). */
export const TOKENS_PER_TEMPLATE = 256
/** Bytes of ordinary text that make a token, for expectations only. */
export const BYTES_PER_TOKEN = 4

/** What is known of a request before it is sent. */
export interface RequestSize {
  /** UTF-8 bytes of all strings that a model may read. */
  readonly textBytes: number
  readonly messages: number
  /** Answers that one request asks for: `n` or `best_of`, times the number of prompts. */
  readonly choices: number
  /** Most prompt tokens; `undefined` when a part of the request is no text. */
  readonly promptTokensMax: number | undefined
  /** A guess: a token for four bytes. */
  readonly promptTokensExpected: number
  /** Most completion tokens over all choices; `undefined` when the body sets no limit. */
  readonly completionTokensMax: number | undefined
}

/** Fields whose strings no model reads. */
const NOT_PROMPT = new Set(['model', 'role', 'type', 'user', 'stop', 'safety_identifier', 'prompt_cache_key'])

interface Seen {
  bytes: number
  hasOther: boolean
}

/** Depth of JSON that is looked into; deeper text makes the size unknown. */
const MAX_DEPTH = 32

function utf8Length(text: string): number {
  let length = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= 0x80) length++
    // A pair of surrogates is four bytes: two units counted, one more for each.
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) length++
  }
  return length
}

function look(value: unknown, seen: Seen, depth: number): void {
  if (typeof value === 'string') {
    seen.bytes += utf8Length(value)
    return
  }
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH) {
    seen.hasOther = true
    return
  }
  if (Array.isArray(value)) {
    for (const item of value) look(item, seen, depth + 1)
    return
  }
  const { type } = value as { type?: unknown }
  // A part of a message that is not text: an image or a sound has tokens of its own.
  if (typeof type === 'string' && /image|audio|video|file/.test(type)) seen.hasOther = true
  for (const [key, item] of Object.entries(value)) {
    if (NOT_PROMPT.has(key)) continue
    // Names of members are part of what a template may print (tools, schemas).
    seen.bytes += depth === 0 ? 0 : utf8Length(key)
    look(item, seen, depth + 1)
  }
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/**
 * Measures a request body (an OpenAI request as a plain object). Linear; never throws.
 *
 * Of two token limits the larger counts: the network reserves by one and the inference server obeys the other (v3.md §9).
 */
export function requestSize(body: unknown): RequestSize {
  const fields =
    typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : {}
  const seen: Seen = { bytes: 0, hasOther: fields !== body }
  look(fields, seen, 0)
  const messages = Array.isArray(fields['messages']) ? fields['messages'].length : 0
  const { prompt } = fields
  const prompts = Array.isArray(prompt) ? Math.max(1, prompt.length) : 1
  // Prompts given as token numbers are no strings.
  const tokenPrompts = Array.isArray(prompt) ? prompt.flat(2).filter((item) => typeof item === 'number').length : 0
  const choices = Math.max(1, positive(fields['n']) ?? 1, positive(fields['best_of']) ?? 1) * prompts
  const limits = [positive(fields['max_tokens']), positive(fields['max_completion_tokens'])].filter(
    (limit) => limit !== undefined
  )
  const promptTokensMax = seen.bytes + tokenPrompts + TOKENS_PER_TEMPLATE + TOKENS_PER_MESSAGE * (messages + prompts)
  return {
    textBytes: seen.bytes,
    messages,
    choices,
    promptTokensMax: seen.hasOther ? undefined : promptTokensMax,
    promptTokensExpected: Math.ceil(seen.bytes / BYTES_PER_TOKEN) + tokenPrompts + 4 * (messages + 1),
    completionTokensMax: limits.length === 0 ? undefined : Math.max(...limits) * choices
  }
}
