/**
 * A provider for the Vercel AI SDK (provider specification v3). It maps shapes; what the network accepts is the client's
 * to say.
 *
 * @module
 */
import {
  type LanguageModelV3,
  type LanguageModelV3CallOptions,
  type LanguageModelV3Content,
  type LanguageModelV3GenerateResult,
  type LanguageModelV3StreamPart,
  type LanguageModelV3StreamResult,
  type LanguageModelV3Usage,
  NoSuchModelError,
  type ProviderV3
} from '@ai-sdk/provider'
import type { ChatCompletionChunk, ChatCompletionRequest, RequestOptions } from '../client/openai/index.js'
import { finishOf, type Message, type ToolCallDelta, toRequest, usageOf } from './ai-sdk-shapes.js'
import type { IntegrationClient } from './client.js'

/** Options of {@link createCocoonProvider}: those of every call. */
export type CocoonProviderOptions = Omit<RequestOptions, 'signal'>

/** A provider: `cocoon('model')`. */
export interface CocoonProvider extends ProviderV3 {
  (modelId: string): LanguageModelV3
}

/**
 * Language models of the network for `generateText`, `streamText` and the rest of the AI SDK. With `tools: 'prompt'` and
 * `jsonMode: 'prompt'`, tools and JSON output work on workers that refuse the fields.
 *
 * What cannot be asked for at all (files, top-k) is refused or comes back as a warning, as the specification wants.
 */
export function createCocoonProvider(cocoon: IntegrationClient, options: CocoonProviderOptions = {}): CocoonProvider {
  const languageModel = (modelId: string): LanguageModelV3 => createModel(cocoon, options, modelId)
  const none =
    (modelType: 'embeddingModel' | 'imageModel') =>
    (modelId: string): never => {
      throw new NoSuchModelError({ modelId, modelType })
    }
  return Object.assign((modelId: string) => languageModel(modelId), {
    specificationVersion: 'v3' as const,
    languageModel,
    embeddingModel: none('embeddingModel'),
    imageModel: none('imageModel')
  })
}

function createModel(cocoon: IntegrationClient, defaults: CocoonProviderOptions, modelId: string): LanguageModelV3 {
  const create = cocoon.chat.completions.create
  const optionsOf = ({ abortSignal }: LanguageModelV3CallOptions): RequestOptions => ({ ...defaults, signal: abortSignal })
  return {
    specificationVersion: 'v3',
    provider: 'cocoon.chat',
    modelId,
    supportedUrls: {},
    async doGenerate(call): Promise<LanguageModelV3GenerateResult> {
      const { request, warnings } = toRequest(modelId, call)
      const { data, response } = await create({ ...(request as unknown as ChatCompletionRequest), stream: false }, optionsOf(call)).withResponse()
      const [choice] = data.choices
      return {
        content: contentOf((choice?.message ?? {}) as Message),
        finishReason: finishOf(choice?.finish_reason),
        usage: usageOf(data.usage),
        warnings,
        request: { body: request },
        response: { id: data.id, modelId: data.model, timestamp: new Date(data.created * 1000), headers: Object.fromEntries(response.headers) }
      }
    },
    async doStream(call): Promise<LanguageModelV3StreamResult> {
      const { request, warnings } = toRequest(modelId, call)
      const { data, response } = await create({ ...(request as unknown as ChatCompletionRequest), stream: true }, optionsOf(call)).withResponse()
      return {
        stream: toParts(data, [{ type: 'stream-start', warnings }], call.includeRawChunks === true),
        request: { body: request },
        response: { headers: Object.fromEntries(response.headers) }
      }
    }
  }
}

function contentOf(message: Message): LanguageModelV3Content[] {
  const content: LanguageModelV3Content[] = []
  const reasoning = message.reasoning_content ?? message.reasoning
  if (reasoning) content.push({ type: 'reasoning', text: reasoning })
  if (message.content) content.push({ type: 'text', text: message.content })
  for (const { id, function: called } of message.tool_calls ?? [])
    content.push({ type: 'tool-call', toolCallId: id, toolName: called.name, input: called.arguments })
  return content
}

interface OpenCall {
  readonly id: string
  readonly name: string
  input: string
}

function toParts(
  chunks: AsyncIterable<ChatCompletionChunk> & { readonly controller: AbortController },
  first: LanguageModelV3StreamPart[],
  includeRaw: boolean
): ReadableStream<LanguageModelV3StreamPart> {
  const iterator = chunks[Symbol.asyncIterator]()
  const state = createPartsState()
  let isStarted = false
  return new ReadableStream<LanguageModelV3StreamPart>(
    {
      async pull(controller) {
        const out: LanguageModelV3StreamPart[] = isStarted ? [] : [...first]
        isStarted = true
        try {
          while (out.length === 0) {
            const step = await iterator.next()
            if (step.done === true) {
              for (const part of state.finish()) controller.enqueue(part)
              return controller.close()
            }
            if (includeRaw) out.push({ type: 'raw', rawValue: step.value })
            out.push(...state.push(step.value))
          }
          for (const part of out) controller.enqueue(part)
        } catch (error) {
          controller.enqueue({ type: 'error', error })
          controller.close()
        }
      },
      cancel: () => chunks.controller.abort()
    },
    { highWaterMark: 0 }
  )
}

function createPartsState(): { push(chunk: ChatCompletionChunk): LanguageModelV3StreamPart[]; finish(): LanguageModelV3StreamPart[] } {
  const calls = new Map<number, OpenCall>()
  let open: 'text' | 'reasoning' | undefined
  let hasMetadata = false
  let reason: string | undefined
  let usage: LanguageModelV3Usage = usageOf(undefined)
  let blocks = 0

  const close = (): LanguageModelV3StreamPart[] => {
    const ended: LanguageModelV3StreamPart[] = open === undefined ? [] : [{ type: `${open}-end`, id: String(blocks) }]
    open = undefined
    return ended
  }
  const say = (kind: 'text' | 'reasoning', delta: string | null | undefined): LanguageModelV3StreamPart[] => {
    if (!delta) return []
    const parts = open === kind ? [] : close()
    if (open !== kind) parts.push({ type: `${kind}-start`, id: String(++blocks) })
    open = kind
    return [...parts, { type: `${kind}-delta`, id: String(blocks), delta }]
  }
  const call = ({ index, id, function: called }: ToolCallDelta): LanguageModelV3StreamPart[] => {
    const known = calls.get(index) ?? { id: id ?? `call_${index}`, name: called?.name ?? '', input: '' }
    const parts: LanguageModelV3StreamPart[] = calls.has(index) ? [] : [...close(), { type: 'tool-input-start', id: known.id, toolName: known.name }]
    calls.set(index, known)
    const delta = called?.arguments ?? ''
    known.input += delta
    return delta === '' ? parts : [...parts, { type: 'tool-input-delta', id: known.id, delta }]
  }
  return {
    push(chunk) {
      const parts: LanguageModelV3StreamPart[] = []
      if (!hasMetadata) parts.push({ type: 'response-metadata', id: chunk.id, modelId: chunk.model, timestamp: new Date(chunk.created * 1000) })
      hasMetadata = true
      if (chunk.usage) usage = usageOf(chunk.usage)
      const [choice] = chunk.choices
      const delta = (choice?.delta ?? {}) as Message & { readonly tool_calls?: readonly ToolCallDelta[] }
      parts.push(...say('reasoning', delta.reasoning_content ?? delta.reasoning), ...say('text', delta.content))
      for (const each of delta.tool_calls ?? []) parts.push(...call(each))
      reason = choice?.finish_reason ?? reason
      return parts
    },
    finish() {
      const parts = close()
      for (const { id, name, input } of calls.values())
        parts.push({ type: 'tool-input-end', id }, { type: 'tool-call', toolCallId: id, toolName: name, input })
      return [...parts, { type: 'finish', usage, finishReason: finishOf(reason) }]
    }
  }
}
