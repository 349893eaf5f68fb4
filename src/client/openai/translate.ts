/**
 * What can be said differently without loss so that a worker takes it. Nothing here changes what is asked for; what
 * cannot be translated is left for the rules to refuse.
 *
 * @module
 */
import { type ObjectRule, type RequestRules, satisfies } from './rules/index.js'

type Body = Record<string, unknown>

/** Values that mean the same as leaving the field out, as JSON; dropped where the rules refuse the field. */
const NEUTRAL: Readonly<Record<string, readonly string[]>> = {
  tools: ['[]'],
  tool_choice: ['"auto"', '"none"'],
  functions: ['[]'],
  function_call: ['"auto"', '"none"'],
  logit_bias: ['{}'],
  metadata: ['{}'],
  modalities: ['["text"]'],
  service_tier: ['"auto"'],
  response_format: ['{"type":"text"}', '{}'],
  logprobs: ['false'],
  store: ['false'],
  parallel_tool_calls: ['true']
}

/**
 * A translated copy for the given rules:
 * - a field that is `null`, or that is refused and says no more than its absence, is left out;
 * - `stop` given as a string becomes a list where a list is needed;
 * - `max_completion_tokens` beats `max_tokens` (workers would let the other win) and takes the name that the endpoint knows;
 * - `stream_options` is left out of requests that do not stream, and `include_obfuscation: false` always where it is refused;
 * - `model` loses the `@…` that the network does not know;
 * - in messages, keys that are `null` are left out.
 */
export function translateBody(source: Readonly<Body>, rule: ObjectRule, rules: RequestRules, streams: boolean): Body {
  const body: Body = {}
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined || value === null) continue
    if (refused(name, value, rule) && isNeutral(name, value)) continue
    define(body, name, value)
  }
  if (typeof body['model'] === 'string') body['model'] = baseName(body['model'])
  if (rules.stopIsList && typeof body['stop'] === 'string') body['stop'] = [body['stop']]
  translateLimits(body, rule)
  translateStreamOptions(body, rule, streams)
  const messages = body['messages']
  if (rules.stopIsList && Array.isArray(messages)) body['messages'] = messages.map(withoutNulls)
  return body
}

/** The model's name as the network knows it: the text before `@`. */
export function baseName(model: string): string {
  const at = model.indexOf('@')
  return at === -1 ? model : model.slice(0, at)
}

function refused(name: string, value: unknown, rule: ObjectRule): boolean {
  return !Object.hasOwn(rule.fields, name) || !satisfies(value, rule.fields[name] as ObjectRule)
}

function isNeutral(name: string, value: unknown): boolean {
  if (!Object.hasOwn(NEUTRAL, name)) return false
  // Only small values can be neutral, and only those are written out for the comparison.
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 1) return false
  return (NEUTRAL[name] as readonly string[]).includes(JSON.stringify(value))
}

function translateLimits(body: Body, rule: ObjectRule): void {
  const limit = body['max_completion_tokens']
  if (limit === undefined) return
  if (Object.hasOwn(rule.fields, 'max_completion_tokens')) delete body['max_tokens']
  else {
    body['max_tokens'] = limit
    delete body['max_completion_tokens']
  }
}

function translateStreamOptions(body: Body, rule: ObjectRule, streams: boolean): void {
  const options = body['stream_options']
  if (!streams) delete body['stream_options']
  else if (typeof options === 'object' && options !== null && (options as Body)['include_obfuscation'] === false) {
    if (!refused('stream_options', options, rule)) return
    const { include_obfuscation: _, ...rest } = options as Body
    body['stream_options'] = rest
  }
}

function withoutNulls(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return message
  const copy: Body = {}
  for (const [name, value] of Object.entries(message))
    if (value !== null && value !== undefined) define(copy, name, value)
  return copy
}

/** Sets an own property also for names like `__proto__`, which an assignment would take for the prototype. */
function define(target: Body, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
  else target[name] = value
}
