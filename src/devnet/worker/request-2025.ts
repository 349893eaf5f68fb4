/**
 * What a worker of December 2025 accepts and how it rewrites a request. Written from the sheets, independently of the
 * client's own tables: it is the adversary's view.
 *
 * Source: session.md §6.3–6.5 (runners/helpers/ValidateRequest.cpp @b75d444). The texts for a wrong type are ours; the
 * sheets print only the one for an unknown option.
 *
 * @module
 */
import { dumpJson, isJsonObject, JsonFloat, parseJson, type JsonObject, type JsonValue } from './json.js'
import { WorkerRejection, type RewrittenRequest } from './rejection.js'

type Rule = (value: JsonValue) => string | undefined

const string: Rule = (value) => (typeof value === 'string' ? undefined : 'must be a string')
const boolean: Rule = (value) => (typeof value === 'boolean' ? undefined : 'must be a boolean')
const anything: Rule = () => undefined
const isNumber = (value: JsonValue): boolean => typeof value === 'bigint' || value instanceof JsonFloat
const number: Rule = (value) => (isNumber(value) ? undefined : 'must be a number')
const array: Rule = (value) => (Array.isArray(value) ? undefined : 'must be an array')

const integerFrom =
  (minimum: bigint): Rule =>
  (value) =>
    typeof value === 'bigint' && value >= minimum ? undefined : `must be an integer not below ${minimum}`

const integer: Rule = (value) => (typeof value === 'bigint' ? undefined : 'must be an integer')

const penalty: Rule = (value) => {
  if (!isNumber(value)) return 'must be a number'
  const amount = value instanceof JsonFloat ? value.value : Number(value)
  return amount >= -2 && amount <= 2 ? undefined : 'must be between -2 and 2'
}

/** An object whose keys are all listed and boolean. */
const flags =
  (...names: readonly string[]): Rule =>
  (value) => {
    if (!isJsonObject(value)) return 'must be an object'
    for (const key of Object.keys(value)) {
      if (!names.includes(key)) return `has unknown option '${key}'`
      if (typeof value[key] !== 'boolean') return `must have boolean '${key}'`
    }
    return undefined
  }

const SHARED: Readonly<Record<string, Rule>> = {
  model: string,
  frequency_penalty: penalty,
  max_tokens: integerFrom(0n),
  n: integerFrom(1n),
  presence_penalty: number,
  stop: anything,
  stream: boolean,
  stream_options: flags('include_usage', 'include_obfuscation'),
  temperature: number,
  top_p: number
}

const CHAT: Readonly<Record<string, Rule>> = {
  ...SHARED,
  messages: array,
  max_completion_tokens: integerFrom(0n),
  parallel_tool_calls: boolean,
  prediction: number,
  reasoning_effort: string,
  verbosity: string,
  response_format: anything,
  top_logprobs: integerFrom(0n),
  chat_template_kwargs: flags('enable_thinking')
}

const COMPLETIONS: Readonly<Record<string, Rule>> = {
  ...SHARED,
  prompt: (value) => (Array.isArray(value) || typeof value === 'string' ? undefined : 'must be a string or an array'),
  best_of: integerFrom(0n),
  echo: boolean,
  seed: integer,
  suffix: boolean,
  skip_special_tokens: boolean
}

const ENDPOINTS: ReadonlyMap<
  string,
  { readonly rules: Readonly<Record<string, Rule>>; readonly required: readonly string[] }
> = new Map([
  ['/v1/chat/completions', { rules: CHAT, required: ['messages', 'model'] }],
  ['/v1/completions', { rules: COMPLETIONS, required: ['prompt', 'model'] }]
])

/** Makes the backend report usage, in the way of this version. */
function rewriteStreamOptions(body: JsonObject): void {
  const options = body['stream_options']
  if (isJsonObject(options)) {
    options['include_usage'] = true
    if (body['stream'] === undefined) body['stream'] = true
  } else if (body['stream'] === true) {
    body['stream_options'] = Object.assign(Object.create(null) as JsonObject, { include_usage: true })
  }
}

/**
 * Checks and rewrites a request.
 *
 * @throws WorkerRejection with the worker's code and text.
 */
export function rewriteRequest2025(path: string, bodyText: string, model: string): RewrittenRequest {
  const endpoint = ENDPOINTS.get(path)
  if (endpoint === undefined) throw new WorkerRejection(621, 'unsupported method')
  const body = parseJson(bodyText)
  if (!isJsonObject(body)) throw new WorkerRejection(621, 'expected json object')
  for (const key of Object.keys(body)) {
    const rule = Object.hasOwn(endpoint.rules, key) ? endpoint.rules[key] : undefined
    if (rule === undefined) throw new WorkerRejection(621, `unknown option '${key}' in request`)
    const problem = rule(body[key] ?? null)
    if (problem !== undefined) throw new WorkerRejection(621, `option '${key}' ${problem}`)
  }
  for (const key of endpoint.required) {
    if (body[key] === undefined) throw new WorkerRejection(621, `missing option '${key}' in request`)
  }
  if (body['model'] !== model) throw new WorkerRejection(621, 'model name mismatch')
  rewriteStreamOptions(body)
  return { body: new TextEncoder().encode(dumpJson(body)), stream: body['stream'] === true, json: body }
}
