/**
 * What a model is told so that its text can stand for tool calls or JSON, and how earlier calls and results are told
 * again. The tags are those that many open models were trained with.
 *
 * @module
 */
import type { PromptedTools, PromptedJson } from './types.js'

/** Opens a call in an answer. */
export const CALL_OPEN = '<tool_call>'
/** Closes it. */
export const CALL_CLOSE = '</tool_call>'

type Message = Readonly<Record<string, unknown>>

/** The instructions for a request. */
export function instructionsFor(tools: PromptedTools | undefined, json: PromptedJson | undefined): string {
  const texts: string[] = []
  if (tools !== undefined && tools.choice !== 'none') texts.push(toolInstructions(tools))
  if (json !== undefined) {
    const schema =
      json.schema === undefined ? 'Its top level is an object.' : `It satisfies this JSON Schema: ${tell(json.schema)}`
    const but = tools === undefined ? '' : ' (unless you call a function)'
    texts.push(`Answer with one JSON value and nothing else${but}: no prose, no code fence. ${schema}`)
  }
  return texts.join('\n\n')
}

function toolInstructions({ tools, choice, isParallel }: PromptedTools): string {
  const must =
    choice === 'auto'
      ? 'Call one when it helps; otherwise answer as usual, without such a block.'
      : choice === 'required'
        ? 'You must call one now.'
        : choice === 'none'
          ? ''
          : `You must call ${choice.name} now.`
  return [
    'You can call functions. They are, one a line, as JSON:',
    ...tools.map(({ name, description, parameters }) => tell({ name, description, parameters })),
    'To call one, write a block of exactly this form, where the arguments are a JSON object:',
    `${CALL_OPEN}{"name": "the function's name", "arguments": {}}${CALL_CLOSE}`,
    isParallel
      ? 'Several blocks may follow each other. Write nothing after them.'
      : 'Write one block only, and nothing after it.',
    `${must} The results come in the next message, in <tool_response> blocks.`
  ].join('\n')
}

/** The messages with instructions in front, calls and results as text. */
export function tellMessages(messages: readonly unknown[], instructions: string): unknown[] {
  const told: unknown[] = []
  let results: string[] = []
  const flush = (): void => {
    if (results.length > 0) told.push({ role: 'user', content: results.join('\n') })
    results = []
  }
  for (const message of messages) {
    const { role, content, tool_call_id: id } = (message ?? {}) as Message
    if (role === 'tool') results.push(`<tool_response>${tell({ id, content: textOf(content) })}</tool_response>`)
    else {
      flush()
      told.push(role === 'assistant' ? tellAssistant(message as Message) : message)
    }
  }
  flush()
  return instructions === '' ? told : withInstructions(told, instructions)
}

function tellAssistant(message: Message): Message {
  const { tool_calls: calls, ...rest } = message
  if (!Array.isArray(calls) || calls.length === 0) return calls === undefined ? message : rest
  const blocks = calls.map((call: { id?: unknown; function?: { name?: unknown; arguments?: unknown } }) => {
    const { name, arguments: text } = call.function ?? {}
    return `${CALL_OPEN}${tell({ id: call.id, name, arguments: parseOr(text) })}${CALL_CLOSE}`
  })
  const before = textOf(rest['content'])
  return { ...rest, content: [...(before === '' ? [] : [before]), ...blocks].join('\n') }
}

function withInstructions(messages: unknown[], instructions: string): unknown[] {
  const first = messages[0] as Message | undefined
  const isSystem = first?.['role'] === 'system' || first?.['role'] === 'developer'
  if (!isSystem) return [{ role: 'system', content: instructions }, ...messages]
  // One system message at the start: chat templates of many models refuse a second.
  return [{ ...first, content: `${textOf(first['content'])}\n\n${instructions}` }, ...messages.slice(1)]
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: { text?: unknown }) => (typeof part?.text === 'string' ? part.text : '')).join('')
}

function parseOr(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text
  } catch {
    return text
  }
}

/** JSON in which no tag can begin or end: a result of a tool is a stranger's text. */
function tell(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}
