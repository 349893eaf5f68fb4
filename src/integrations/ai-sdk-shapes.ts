/**
 * The AI SDK's calls as OpenAI requests, and OpenAI's figures as the AI SDK's.
 *
 * @module
 */
import {
  type LanguageModelV3CallOptions,
  type LanguageModelV3FinishReason,
  type LanguageModelV3Message,
  type LanguageModelV3ToolResultPart,
  type LanguageModelV3Usage,
  type SharedV3Warning,
  UnsupportedFunctionalityError
} from '@ai-sdk/provider'
import type { Usage } from '../client/openai/index.js'

/** A message of an answer, with what reasoning models add. */
export interface Message {
  readonly content?: string | null
  readonly reasoning_content?: string | null
  readonly reasoning?: string | null
  readonly tool_calls?: ReadonlyArray<{
    readonly id: string
    readonly function: { readonly name: string; readonly arguments: string }
  }>
}

/** A piece of a tool call in a stream. */
export interface ToolCallDelta {
  readonly index: number
  readonly id?: string
  readonly function?: { readonly name?: string; readonly arguments?: string }
}

/** The request, and what of the call is not in it. */
export function toRequest(
  model: string,
  call: LanguageModelV3CallOptions
): { readonly request: Record<string, unknown>; readonly warnings: SharedV3Warning[] } {
  const warnings: SharedV3Warning[] = []
  if (call.topK !== undefined) warnings.push({ type: 'unsupported', feature: 'topK' })
  const tools = call.tools?.flatMap((tool) => {
    if (tool.type === 'function') {
      const { name, description, inputSchema: parameters } = tool
      return [{ type: 'function', function: { name, description, parameters } }]
    }
    warnings.push({ type: 'unsupported', feature: `provider-defined tool ${tool.id}` })
    return []
  })
  const hasTools = tools !== undefined && tools.length > 0
  const { toolChoice: choice, responseFormat: format } = call
  const fields = {
    model,
    messages: call.prompt.flatMap(toMessages),
    max_completion_tokens: call.maxOutputTokens,
    temperature: call.temperature,
    top_p: call.topP,
    presence_penalty: call.presencePenalty,
    frequency_penalty: call.frequencyPenalty,
    seed: call.seed,
    stop: call.stopSequences?.length === 0 ? undefined : call.stopSequences,
    tools: hasTools ? tools : undefined,
    tool_choice:
      !hasTools || choice === undefined
        ? undefined
        : choice.type === 'tool'
          ? { type: 'function', function: { name: choice.toolName } }
          : choice.type,
    response_format:
      format?.type !== 'json'
        ? undefined
        : format.schema === undefined
          ? { type: 'json_object' }
          : { type: 'json_schema', json_schema: { name: format.name ?? 'answer', schema: format.schema } },
    ...call.providerOptions?.['cocoon']
  }
  return { request: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)), warnings }
}

function toMessages(message: LanguageModelV3Message): Record<string, unknown>[] {
  if (message.role === 'system') return [{ role: 'system', content: message.content }]
  if (message.role === 'user') {
    const texts = message.content.map((part) => {
      if (part.type === 'text') return part.text
      throw new UnsupportedFunctionalityError({ functionality: `files of type ${part.mediaType}` })
    })
    return [{ role: 'user', content: texts.join('') }]
  }
  if (message.role === 'tool')
    return message.content.flatMap((part) =>
      part.type === 'tool-result'
        ? [{ role: 'tool', tool_call_id: part.toolCallId, content: outputText(part.output) }]
        : []
    )
  let content = ''
  const calls: Record<string, unknown>[] = []
  for (const part of message.content) {
    if (part.type === 'text') content += part.text
    else if (part.type === 'tool-call')
      calls.push({
        id: part.toolCallId,
        type: 'function',
        function: { name: part.toolName, arguments: JSON.stringify(part.input) }
      })
    // Earlier reasoning is not told again: models are not given their own thoughts back.
    else if (part.type !== 'reasoning')
      throw new UnsupportedFunctionalityError({ functionality: `assistant part ${part.type}` })
  }
  return [
    {
      role: 'assistant',
      ...((content !== '' || calls.length === 0) && { content }),
      ...(calls.length > 0 && { tool_calls: calls })
    }
  ]
}

function outputText(output: LanguageModelV3ToolResultPart['output']): string {
  if (output.type === 'text' || output.type === 'error-text') return output.value
  if (output.type === 'execution-denied')
    return `execution denied${output.reason === undefined ? '' : `: ${output.reason}`}`
  return JSON.stringify(output.value)
}

/** OpenAI's reason in the AI SDK's words. */
export function finishOf(raw: string | null | undefined): LanguageModelV3FinishReason {
  const reasons: Readonly<Record<string, LanguageModelV3FinishReason['unified']>> = {
    stop: 'stop',
    length: 'length',
    content_filter: 'content-filter',
    tool_calls: 'tool-calls',
    function_call: 'tool-calls'
  }
  return { unified: Object.hasOwn(reasons, raw ?? '') ? reasons[raw as string]! : 'other', raw: raw ?? undefined }
}

/** Tokens as the inference server counts them. */
export function usageOf(usage: Usage | null | undefined): LanguageModelV3Usage {
  const details = (name: string, field: string): number | undefined => {
    const inner = usage?.[name]
    const value = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[field] : undefined
    return typeof value === 'number' ? value : undefined
  }
  const cacheRead = details('prompt_tokens_details', 'cached_tokens')
  const reasoning = details('completion_tokens_details', 'reasoning_tokens')
  const input = usage?.prompt_tokens
  const output = usage?.completion_tokens
  return {
    inputTokens: {
      total: input,
      noCache: input === undefined ? undefined : input - (cacheRead ?? 0),
      cacheRead,
      cacheWrite: undefined
    },
    outputTokens: { total: output, text: output === undefined ? undefined : output - (reasoning ?? 0), reasoning }
  }
}
