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
  type LanguageModelV3StreamResult,
  NoSuchModelError,
  type ProviderV3
} from '@ai-sdk/provider'
import type { ChatCompletionRequest, RequestOptions } from '../client/openai/index.js'
import { finishOf, type Message, toRequest, usageOf } from './ai-sdk-shapes.js'
import { toParts } from './ai-sdk-stream.js'
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
  const optionsOf = ({ abortSignal }: LanguageModelV3CallOptions): RequestOptions => ({
    ...defaults,
    signal: abortSignal
  })
  return {
    specificationVersion: 'v3',
    provider: 'cocoon.chat',
    modelId,
    supportedUrls: {},
    async doGenerate(call): Promise<LanguageModelV3GenerateResult> {
      const { request, warnings } = toRequest(modelId, call)
      const { data, response } = await create(
        { ...(request as unknown as ChatCompletionRequest), stream: false },
        optionsOf(call)
      ).withResponse()
      const [choice] = data.choices
      return {
        content: contentOf((choice?.message ?? {}) as Message),
        finishReason: finishOf(choice?.finish_reason),
        usage: usageOf(data.usage),
        warnings,
        request: { body: request },
        response: {
          id: data.id,
          modelId: data.model,
          timestamp: new Date(data.created * 1000),
          headers: Object.fromEntries(response.headers)
        }
      }
    },
    async doStream(call): Promise<LanguageModelV3StreamResult> {
      const { request, warnings } = toRequest(modelId, call)
      const { data, response } = await create(
        { ...(request as unknown as ChatCompletionRequest), stream: true },
        optionsOf(call)
      ).withResponse()
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
