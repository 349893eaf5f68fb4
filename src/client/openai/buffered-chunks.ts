/**
 * A whole chat completion as the chunks of a stream: for workers that cannot stream, and for answers that come whole
 * although a stream was asked for.
 *
 * @module
 */

type Json = Record<string, unknown>

/** Whether a streamed value is a whole chat completion and not a chunk of one. */
export function isWholeCompletion(value: object): boolean {
  const { choices } = value as { choices?: unknown }
  if (!Array.isArray(choices)) return false
  const first: unknown = choices[0]
  return isObject(first) && !Object.hasOwn(first, 'delta') && Object.hasOwn(first, 'message')
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null
}

/**
 * Two or three chunks: the messages as deltas, the finish reasons, and the usage where there is one. Every other field
 * of the completion, and of its choices and messages, is copied as received.
 *
 * @returns `undefined` when a choice is not an object.
 */
export function completionToChunks(completion: object): object[] | undefined {
  const { choices, usage, ...head } = completion as Json & { choices: readonly Json[] }
  if (!choices.every(isObject)) return undefined
  const base = { ...head, object: 'chat.completion.chunk' }
  const withChoices = (convert: (choice: Json) => Json): object => ({ ...base, choices: choices.map(convert) })
  const chunks = [
    withChoices(({ message, finish_reason: _, ...choice }) => ({
      ...choice,
      delta: toDelta(message),
      finish_reason: null
    })),
    withChoices(({ index, finish_reason: reason }) => ({ index, delta: {}, finish_reason: reason ?? 'stop' }))
  ]
  if (usage !== undefined) chunks.push({ ...base, choices: [], usage })
  return chunks
}

/** A message as a delta: the same fields, tool calls numbered. */
function toDelta(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return {}
  const calls = (message as Json)['tool_calls']
  if (!Array.isArray(calls)) return message
  return { ...message, tool_calls: calls.map((call: Json, index) => ({ index, ...call })) }
}
