/**
 * OpenAI's chunks as the parts of an AI SDK stream: blocks of text and reasoning that begin and end, tool calls, usage.
 *
 * @module
 */
import type { LanguageModelV3StreamPart, LanguageModelV3Usage } from '@ai-sdk/provider'
import type { ChatCompletionChunk } from '../client/openai/index.js'
import { finishOf, type Message, type ToolCallDelta, usageOf } from './ai-sdk-shapes.js'

interface OpenCall {
  readonly id: string
  readonly name: string
  input: string
}

/** Chunks as the AI SDK's parts, pulled; an error is a part too. `first` comes before everything. */
export function toParts(
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

function createPartsState(): {
  push(chunk: ChatCompletionChunk): LanguageModelV3StreamPart[]
  finish(): LanguageModelV3StreamPart[]
} {
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
    const parts: LanguageModelV3StreamPart[] = calls.has(index)
      ? []
      : [...close(), { type: 'tool-input-start', id: known.id, toolName: known.name }]
    calls.set(index, known)
    const delta = called?.arguments ?? ''
    known.input += delta
    return delta === '' ? parts : [...parts, { type: 'tool-input-delta', id: known.id, delta }]
  }
  return {
    push(chunk) {
      const parts: LanguageModelV3StreamPart[] = []
      if (!hasMetadata)
        parts.push({
          type: 'response-metadata',
          id: chunk.id,
          modelId: chunk.model,
          timestamp: new Date(chunk.created * 1000)
        })
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
