/**
 * LangChain's messages and tools as OpenAI shapes them, and OpenAI's answers as LangChain does.
 *
 * @module
 */
import type { BindToolsInput } from '@langchain/core/language_models/chat_models'
import {
  AIMessage,
  AIMessageChunk,
  type AIMessageChunkFields,
  type BaseMessage,
  type UsageMetadata
} from '@langchain/core/messages'
import { convertToOpenAITool } from '@langchain/core/utils/function_calling'
import type { Usage } from '../client/openai/index.js'

type ToolCalls = ReadonlyArray<{
  readonly index?: number
  readonly id?: string
  readonly function?: { readonly name?: string; readonly arguments?: string }
}>

/** A message of OpenAI’s. */
export function toMessage(message: BaseMessage): Record<string, unknown> {
  const { type, content, name } = message
  const text = typeof content === 'string' ? content : content
  if (AIMessage.isInstance(message)) {
    const calls = (message.tool_calls ?? []).map(({ id, name: called, args }) => ({
      id,
      type: 'function',
      function: { name: called, arguments: JSON.stringify(args) }
    }))
    return {
      role: 'assistant',
      ...((calls.length === 0 || text.length > 0) && { content: text }),
      ...(calls.length > 0 && { tool_calls: calls })
    }
  }
  if (type === 'tool')
    return { role: 'tool', tool_call_id: (message as { tool_call_id?: string }).tool_call_id, content: text }
  const roles: Readonly<Record<string, string>> = { system: 'system', developer: 'developer', human: 'user' }
  const role = roles[type] ?? (message as { role?: string }).role ?? 'user'
  return { role, content: text, ...(name !== undefined && { name }) }
}

/** A tool of OpenAI’s, from whatever LangChain takes for one. */
export function toTool(tool: BindToolsInput): unknown {
  return 'type' in tool && tool['type'] === 'function'
    ? tool
    : convertToOpenAITool(tool as Parameters<typeof convertToOpenAITool>[0])
}

/** OpenAI’s choice of tools. */
export function toChoice(choice: unknown): unknown {
  if (choice === 'any') return 'required'
  if (typeof choice !== 'string' || ['auto', 'none', 'required'].includes(choice)) return choice
  return { type: 'function', function: { name: choice } }
}

interface Said {
  readonly content?: string | null
  readonly [key: string]: unknown
}

/** A message or a piece of one. LangChain reads the calls' arguments itself, and keeps what is no JSON apart. */
export function toChunk(piece: {
  readonly id: string
  readonly model: string
  readonly said: Said
  readonly reason: string | null | undefined
  readonly usage: UsageMetadata | undefined
}): AIMessageChunk {
  const { id, model, said, reason, usage } = piece
  const reasoning = said['reasoning_content']
  const additional_kwargs: Record<string, unknown> = reasoning ? { reasoning_content: reasoning } : {}
  const response_metadata: Record<string, unknown> = reason ? { model, finish_reason: reason } : {}
  const fields = {
    id,
    content: said.content ?? '',
    tool_call_chunks: ((said['tool_calls'] ?? []) as ToolCalls).map(({ index, id: callId, function: called }) => ({
      type: 'tool_call_chunk' as const,
      ...(index !== undefined && { index }),
      ...(callId !== undefined && { id: callId }),
      ...(called?.name !== undefined && { name: called.name }),
      args: called?.arguments ?? ''
    })),
    additional_kwargs,
    response_metadata,
    ...(usage !== undefined && { usage_metadata: usage })
  }
  // Its type wants metadata of one provider; what LangChain itself reads of it is here.
  return new AIMessageChunk(fields as AIMessageChunkFields)
}

/** Calls of a whole message as those of a stream. */
export function numbered(calls: unknown): ToolCalls {
  return ((calls ?? []) as ToolCalls).map((call, index) => ({ ...call, index }))
}

/** Tokens as LangChain counts them. */
export function toUsage(usage: Usage | null | undefined): UsageMetadata | undefined {
  if (!usage) return undefined
  return { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens, total_tokens: usage.total_tokens }
}
