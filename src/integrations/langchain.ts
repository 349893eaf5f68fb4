/**
 * A chat model for LangChain. It maps shapes; what the network accepts is the client's to say.
 *
 * @module
 */
import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager'
import type { BaseLanguageModelInput } from '@langchain/core/language_models/base'
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BaseChatModelParams,
  type BindToolsInput
} from '@langchain/core/language_models/chat_models'
import type { AIMessageChunk, BaseMessage } from '@langchain/core/messages'
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs'
import type { Runnable } from '@langchain/core/runnables'
import type { ChatCompletionRequest, RequestOptions } from '../client/openai/index.js'
import type { IntegrationClient } from './client.js'
import { numbered, toChoice, toChunk, toMessage, toTool, toUsage } from './langchain-shapes.js'

/** Options of {@link ChatCocoon}. */
export interface ChatCocoonFields extends BaseChatModelParams {
  /** A `Cocoon`. It stays the caller's to close. */
  readonly cocoon: IntegrationClient
  /** Base name of the model. */
  readonly model: string
  /** Fields of every request: `temperature`, `max_completion_tokens` … */
  readonly request?: Partial<Omit<ChatCompletionRequest, 'model' | 'messages' | 'stream'>> | undefined
  /** Options of every call, e.g. `{ tools: 'prompt' }`. */
  readonly callOptions?: Omit<RequestOptions, 'signal'> | undefined
}

/** Options of one call. */
export interface ChatCocoonCallOptions extends BaseChatModelCallOptions {
  readonly tools?: BindToolsInput[]
  readonly response_format?: ChatCompletionRequest['response_format']
}

/** `invoke`, `stream`, `batch` and the rest of LangChain over the network. */
export class ChatCocoon extends BaseChatModel<ChatCocoonCallOptions> {
  readonly model: string
  readonly #fields: ChatCocoonFields

  static override lc_name(): string {
    return 'ChatCocoon'
  }

  constructor(fields: ChatCocoonFields) {
    // A repeated call is paid twice: LangChain's own six retries are off unless asked for.
    super({ maxRetries: 0, ...fields })
    this.model = fields.model
    this.#fields = fields
  }

  override _llmType(): string {
    return 'cocoon'
  }

  override bindTools(
    tools: BindToolsInput[],
    options?: Partial<ChatCocoonCallOptions>
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, ChatCocoonCallOptions> {
    return this.withConfig({ ...options, tools } as Partial<ChatCocoonCallOptions>)
  }

  override invocationParams(options?: this['ParsedCallOptions']): Record<string, unknown> {
    const { stop, tools, tool_choice: choice, response_format: format } = options ?? {}
    const fields = {
      model: this.model,
      ...this.#fields.request,
      stop,
      tools: tools?.map((tool) => toTool(tool)),
      tool_choice: toChoice(choice),
      response_format: format
    }
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  }

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    const completion = await this.#fields.cocoon.chat.completions.create(
      { ...this.#request(messages, options), stream: false },
      this.#options(options)
    )
    const usage = toUsage(completion.usage)
    const generations = completion.choices.map(({ message: said, finish_reason: reason }) => {
      const message = toChunk({
        id: completion.id,
        model: completion.model,
        said: { ...said, tool_calls: numbered(said['tool_calls']) },
        reason,
        usage
      })
      return { text: said.content ?? '', message, generationInfo: { finish_reason: reason } }
    })
    return { generations, llmOutput: { tokenUsage: completion.usage } }
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    run?: CallbackManagerForLLMRun
  ): AsyncGenerator<ChatGenerationChunk> {
    const stream = await this.#fields.cocoon.chat.completions.create(
      { ...this.#request(messages, options), stream: true },
      this.#options(options)
    )
    for await (const chunk of stream) {
      const [choice] = chunk.choices
      const usage = toUsage(chunk.usage)
      if (choice === undefined && usage === undefined) continue
      const text = choice?.delta.content ?? ''
      const message = toChunk({
        id: chunk.id,
        model: chunk.model,
        said: choice?.delta ?? {},
        reason: choice?.finish_reason,
        usage
      })
      yield new ChatGenerationChunk({ text, message })
      await run?.handleLLMNewToken(text)
    }
  }

  #request(messages: BaseMessage[], options: this['ParsedCallOptions']): ChatCompletionRequest {
    return { ...this.invocationParams(options), messages: messages.map(toMessage) } as unknown as ChatCompletionRequest
  }

  #options({ signal, timeout }: this['ParsedCallOptions']): RequestOptions {
    return { ...this.#fields.callOptions, signal, ...(timeout !== undefined && { timeoutMs: timeout }) }
  }
}
