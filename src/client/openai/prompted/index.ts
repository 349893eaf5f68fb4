/**
 * Function calling and structured output by prompt, for workers that refuse the fields (v3.md §3.2). It is what it says:
 * the request is rewritten into instructions, and the model's text is read back and checked. No worker enforces it, small
 * models fail at it, and the instructions cost prompt tokens. Opt-in (`tools: 'prompt'`, `jsonMode: 'prompt'`), and
 * loaded only then.
 *
 * @module
 */
import type { Random } from '../../../runtime/ports/clock.js'
import { fieldError } from '../rules/index.js'
import { AnswerParser, type AnswerRules } from './answer-parser.js'
import { instructionsFor, tellMessages } from './instructions.js'
import type { PromptedJson, PromptedTool, PromptedTools, ToolCall } from './types.js'

type Json = Readonly<Record<string, unknown>>

/** Which fields are asked for by prompt. */
export interface PromptedModes {
  readonly tools: boolean
  readonly json: boolean
}

/** A rewritten request, and how its answers are read back. */
export interface PromptedRequest {
  readonly body: Json
  /** A whole completion. @throws CocoonError `ERR_ANSWER_INVALID`. */
  readWhole(completion: object): object
  /** Chunks of a stream, in order; each call gives what is to be passed on. @throws CocoonError `ERR_ANSWER_INVALID`. */
  createChunkReader(): { push(chunk: object): object[]; finish(): void }
}

/**
 * Rewrites a chat request. `undefined` when there is nothing to rewrite in it.
 *
 * @throws CocoonError `ERR_REQUEST_FIELD` for tools and formats that cannot be told.
 */
export function promptRequest(
  body: Json,
  modes: PromptedModes,
  settings: { readonly random: Random; readonly maxChars: number }
): PromptedRequest | undefined {
  const tools = modes.tools ? readTools(body) : undefined
  const json = modes.json ? readFormat(body['response_format']) : undefined
  const { messages } = body
  const hasCalls = modes.tools && Array.isArray(messages) && messages.some(isAboutTools)
  if ((tools === undefined && json === undefined && !hasCalls) || !Array.isArray(messages)) return undefined
  const rewritten: Record<string, unknown> = { ...body, messages: tellMessages(messages, instructionsFor(tools, json)) }
  if (modes.tools) for (const name of ['tools', 'tool_choice', 'parallel_tool_calls']) delete rewritten[name]
  if (json !== undefined) delete rewritten['response_format']
  const rules: AnswerRules = { tools, json, ...settings }
  return {
    body: rewritten,
    readWhole: (completion) => readWhole(completion as Json, rules),
    createChunkReader: () => createChunkReader(rules)
  }
}

function isAboutTools(message: unknown): boolean {
  const { role, tool_calls: calls } = (message ?? {}) as Json
  return role === 'tool' || Array.isArray(calls)
}

function readTools(body: Json): PromptedTools | undefined {
  const { tools: given, tool_choice: choice, parallel_tool_calls: isParallel } = body
  if (!Array.isArray(given) || given.length === 0) return undefined
  const tools = given.map((tool: Json, index): PromptedTool => {
    const { name, description, parameters } = (tool?.['function'] ?? {}) as Json
    if (tool?.['type'] !== 'function' || typeof name !== 'string' || !/^[\w.-]{1,128}$/.test(name))
      throw fieldError(
        `tools[${index}]`,
        'must be a function with a plain name',
        'only functions can be asked for by prompt'
      )
    return { name, description: typeof description === 'string' ? description : undefined, parameters }
  })
  return { tools, choice: readChoice(choice, tools), isParallel: isParallel !== false }
}

function readChoice(choice: unknown, tools: readonly PromptedTool[]): PromptedTools['choice'] {
  if (choice === undefined || choice === null) return 'auto'
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice
  const name = ((choice as Json)['function'] as Json | undefined)?.['name']
  if (typeof name === 'string' && tools.some((tool) => tool.name === name)) return { name }
  throw fieldError('tool_choice', "must be 'auto', 'none', 'required' or one of the functions")
}

function readFormat(format: unknown): PromptedJson | undefined {
  const { type, json_schema: named } = (typeof format === 'object' && format !== null ? format : {}) as Json
  if (type === 'json_object') return { schema: undefined }
  if (type !== 'json_schema') return undefined
  const schema = (named as Json | undefined)?.['schema']
  if (typeof schema === 'object' && schema !== null) return { schema }
  throw fieldError('response_format.json_schema.schema', 'is required')
}

function readWhole(completion: Json, rules: AnswerRules): object {
  const { choices } = completion
  if (!Array.isArray(choices)) return completion
  return {
    ...completion,
    choices: choices.map((choice: Json) => {
      const message = (choice?.['message'] ?? {}) as Json
      if (typeof message['content'] !== 'string') return choice
      const parser = new AnswerParser(rules)
      const { text, calls } = parser.push(message['content'])
      const content = text + parser.finish().text
      if (!parser.hasCalls) return { ...choice, message: { ...message, content } }
      const said = content.trim() === '' ? null : content
      return { ...choice, message: { ...message, content: said, tool_calls: calls }, finish_reason: 'tool_calls' }
    })
  }
}

interface ChoiceState {
  readonly parser: AnswerParser
  callCount: number
  isOver: boolean
}

function createChunkReader(rules: AnswerRules): { push(chunk: object): object[]; finish(): void } {
  const states = new Map<number, ChoiceState>()

  function readChoice(choice: Json): Json | undefined {
    const index = Number(choice['index'] ?? 0)
    let state = states.get(index)
    if (state === undefined)
      states.set(index, (state = { parser: new AnswerParser(rules), callCount: 0, isOver: false }))
    const { content, ...delta } = (choice['delta'] ?? {}) as Json
    const reason = choice['finish_reason']
    const isEnd = typeof reason === 'string' && !state.isOver
    const piece = typeof content === 'string' ? state.parser.push(content) : { text: '', calls: [] }
    const rest = isEnd ? state.parser.finish() : { text: '', calls: [] }
    state.isOver ||= isEnd
    const text = piece.text + rest.text
    const calls = piece.calls.map((call: ToolCall) => ({ index: (state as ChoiceState).callCount++, ...call }))
    if (text === '' && calls.length === 0 && !isEnd && Object.keys(delta).length === 0) return undefined
    return {
      ...choice,
      delta: {
        ...delta,
        ...((text !== '' || (content !== undefined && calls.length === 0)) && { content: text }),
        ...(calls.length > 0 && { tool_calls: calls })
      },
      finish_reason: isEnd && state.parser.hasCalls ? 'tool_calls' : (reason ?? null)
    }
  }
  return {
    push(chunk) {
      const { choices } = chunk as Json
      if (!Array.isArray(choices) || choices.length === 0) return [chunk]
      const kept = choices.map((choice: Json) => readChoice(choice)).filter((choice) => choice !== undefined)
      return kept.length === 0 && !(chunk as Json)['usage'] ? [] : [{ ...chunk, choices: kept }]
    },
    finish() {
      for (const { parser, isOver } of states.values()) if (!isOver) parser.finish()
    }
  }
}
