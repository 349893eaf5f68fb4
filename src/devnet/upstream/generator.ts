/**
 * The devnet's own text generator: deterministic, without a model, and honest about it. Every answer begins with
 * {@link GENERATOR_INTRODUCTION} and carries `system_fingerprint: "cocoonkit-devnet"`.
 *
 * A token is a word with its leading space. Prompt tokens are the words of all prompt strings. `max_tokens` limits the
 * answer; `stop` strings cut it. With `stream` the events come as SSE, or as bare JSON lines by option.
 *
 * @module
 */
import type { Delay, Upstream, UpstreamRequest, UpstreamResponse } from './types.js'

/** First words of every generated answer. */
export const GENERATOR_INTRODUCTION: string = 'This is the cocoonkit devnet, not a language model.'

/** How the generator behaves. */
export interface GeneratorOptions {
  /** Milliseconds between two streamed tokens. Default 0. */
  readonly tokenDelayMs: number
  /** Milliseconds before the head of the answer. Default 0. */
  readonly firstTokenDelayMs: number
  /** Form of streams: `sse` as inference servers send, `ndjson` as bare JSON lines. */
  readonly streamFormat: 'sse' | 'ndjson'
  readonly delay: Delay
  /** Unix milliseconds. */
  readonly now: () => number
}

const encoder = new TextEncoder()

/** Every string inside a value, in order. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(stringsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => (key === 'role' || key === 'type' ? [] : stringsIn(item)))
}

function words(text: string): string[] {
  return text.match(/\s*\S+/gu) ?? []
}

/** The text that the answer speaks about: the last user message, or the prompt. */
function lastPrompt(json: Readonly<Record<string, unknown>>): string {
  const messages = json['messages']
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : json['prompt']
  return stringsIn(last).join(' ').trim()
}

interface Generated {
  readonly tokens: readonly string[]
  readonly finishReason: 'stop' | 'length'
  readonly promptTokens: number
}

function limitOf(json: Readonly<Record<string, unknown>>): number {
  const limit = json['max_completion_tokens'] ?? json['max_tokens']
  return typeof limit === 'bigint' && limit > 0n ? Number(limit) : Number.POSITIVE_INFINITY
}

function cutAtStop(text: string, stop: unknown): string {
  const stops = typeof stop === 'string' ? [stop] : Array.isArray(stop) ? stop : []
  const ends = stops
    .filter((item): item is string => typeof item === 'string' && item !== '')
    .map((item) => text.indexOf(item))
    .filter((at) => at >= 0)
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends))
}

/** The answer to a request; equal requests get equal answers. */
function generate(json: Readonly<Record<string, unknown>>): Generated {
  const prompt = lastPrompt(json)
  const promptTokens = words(stringsIn(json['messages'] ?? json['prompt']).join(' ')).length
  const text = `${GENERATOR_INTRODUCTION} You wrote ${Array.from(prompt).length} characters in ${words(prompt).length} words: ${prompt}`
  const kept = words(cutAtStop(text, json['stop']))
  const limit = limitOf(json)
  const tokens = kept.length > limit ? kept.slice(0, limit) : kept
  return { tokens, finishReason: kept.length > limit ? 'length' : 'stop', promptTokens }
}

function usageOf(generated: Generated): Record<string, number> {
  return {
    prompt_tokens: generated.promptTokens,
    completion_tokens: generated.tokens.length,
    total_tokens: generated.promptTokens + generated.tokens.length
  }
}

/** The two JSON endpoints differ in ids, object names and where the text stands. */
interface Shape {
  readonly idPrefix: string
  readonly object: string
  readonly chunkObject: string
  whole(text: string): Record<string, unknown>
  first: Record<string, unknown> | undefined
  piece(text: string): Record<string, unknown>
  last: Record<string, unknown>
}

const CHAT: Shape = {
  idPrefix: 'chatcmpl-devnet-',
  object: 'chat.completion',
  chunkObject: 'chat.completion.chunk',
  whole: (text) => ({ message: { role: 'assistant', content: text } }),
  first: { delta: { role: 'assistant', content: '' } },
  piece: (text) => ({ delta: { content: text } }),
  last: { delta: {} }
}

const COMPLETIONS: Shape = {
  idPrefix: 'cmpl-devnet-',
  object: 'text_completion',
  chunkObject: 'text_completion',
  whole: (text) => ({ text }),
  first: undefined,
  piece: (text) => ({ text }),
  last: { text: '' }
}

function headersFor(contentType: string, nowMs: number): Array<readonly [string, string]> {
  return [
    ['date', new Date(nowMs).toUTCString()],
    ['server', 'cocoonkit-devnet'],
    ['content-type', contentType]
  ]
}

async function* streamed(
  shape: Shape,
  generated: Generated,
  base: Readonly<Record<string, unknown>>,
  request: UpstreamRequest,
  options: GeneratorOptions
): AsyncGenerator<Uint8Array> {
  const event = (fields: Record<string, unknown>): Uint8Array => {
    const json = JSON.stringify({ ...base, object: shape.chunkObject, ...fields })
    return encoder.encode(options.streamFormat === 'sse' ? `data: ${json}\n\n` : `${json}\n`)
  }
  const choice = (fields: Record<string, unknown>, finishReason: string | null): Uint8Array =>
    event({ choices: [{ index: 0, ...fields, finish_reason: finishReason }] })
  if (shape.first !== undefined) yield choice(shape.first, null)
  for (const token of generated.tokens) {
    if (options.tokenDelayMs > 0) await options.delay(options.tokenDelayMs, request.signal)
    yield choice(shape.piece(token), null)
  }
  yield choice(shape.last, generated.finishReason)
  yield event({ choices: [], usage: usageOf(generated) })
  if (options.streamFormat === 'sse') yield encoder.encode('data: [DONE]\n\n')
}

async function* once(value: unknown): AsyncGenerator<Uint8Array> {
  yield encoder.encode(JSON.stringify(value))
}

/** Transcriptions: there is no speech model here, and the text says so. */
function transcription(request: UpstreamRequest): Record<string, unknown> {
  return {
    text: `${GENERATOR_INTRODUCTION} It cannot hear: it received a form of ${request.body.length} bytes.`,
    system_fingerprint: 'cocoonkit-devnet'
  }
}

/** Creates the built-in upstream. */
export function createGenerator(options: GeneratorOptions): Upstream {
  let serial = 0
  return async (request: UpstreamRequest): Promise<UpstreamResponse> => {
    if (options.firstTokenDelayMs > 0) await options.delay(options.firstTokenDelayMs, request.signal)
    const nowMs = options.now()
    const ok = { status: 200, reason: 'OK' }
    if (request.path === '/v1/audio/transcriptions') {
      return { ...ok, headers: headersFor('application/json', nowMs), body: once(transcription(request)) }
    }
    const shape = request.path === '/v1/completions' ? COMPLETIONS : CHAT
    const generated = generate(request.json)
    const base = {
      id: `${shape.idPrefix}${++serial}`,
      created: Math.floor(nowMs / 1000),
      model: request.json['model'],
      system_fingerprint: 'cocoonkit-devnet'
    }
    if (request.stream) {
      const type = options.streamFormat === 'sse' ? 'text/event-stream; charset=utf-8' : 'application/x-ndjson'
      return { ...ok, headers: headersFor(type, nowMs), body: streamed(shape, generated, base, request, options) }
    }
    const choices = [{ index: 0, ...shape.whole(generated.tokens.join('')), finish_reason: generated.finishReason }]
    const answer = { ...base, object: shape.object, choices, usage: usageOf(generated) }
    return { ...ok, headers: headersFor('application/json', nowMs), body: once(answer) }
  }
}
