/**
 * The request schema of a worker of April 2026, as data and a walker that words violations as that worker does.
 *
 * Source: v3.md §3.1–3.4 (runners/helpers/ValidateRequest.cpp @9060ce5).
 *
 * @module
 */
import { isJsonObject, JsonFloat, type JsonObject, type JsonValue } from './json.js'
import { WorkerRejection } from './rejection.js'

/** Checks a value at a path; throws {@link WorkerRejection}. */
export type Check = (value: JsonValue, path: string) => void

/** A field of an object: how it is checked, and whether it must be there. */
export interface Field {
  readonly check: Check
  readonly required: boolean
}

/** Refuses with code 621. */
export function reject(text: string): never {
  throw new WorkerRejection(621, text)
}

export const string: Check = (value, path) => {
  if (typeof value !== 'string') reject(`${path} must be a string`)
}
export const integer: Check = (value, path) => {
  if (typeof value !== 'bigint') reject(`${path} must be an integer`)
}
export const number: Check = (value, path) => {
  if (typeof value !== 'bigint' && !(value instanceof JsonFloat)) reject(`${path} must be a number`)
}
export const boolean: Check = (value, path) => {
  if (typeof value !== 'boolean') reject(`${path} must be a boolean`)
}
/** Fails for every value, as fields do whose parser was written for a type that JSON cannot express. */
export const neverAsArray: Check = (_value, path) => reject(`${path} must be an array`)

/** An array whose items are all checked. */
export const arrayOf =
  (check: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) reject(`${path} must be an array`)
    value.forEach((item, index) => check(item, `${path}[${index}]`))
  }

/** Required field. */
export const need = (check: Check): Field => ({ check, required: true })
/** Optional field. */
export const may = (check: Check): Field => ({ check, required: false })

/** An object with exactly these fields. */
export const objectOf =
  (fields: Readonly<Record<string, Field>>): Check =>
  (value, path) => {
    if (!isJsonObject(value)) reject(`${path} must be an object`)
    checkFields(value, path, fields)
  }

/** Unknown fields first, then types, then what is missing. */
export function checkFields(object: JsonObject, path: string, fields: Readonly<Record<string, Field>>): void {
  for (const key of Object.keys(object).toSorted()) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (field === undefined) reject(`${path} has unknown field '${key}'`)
    field.check(object[key] ?? null, `${path}.${key}`)
  }
  for (const key of Object.keys(fields)) {
    if (fields[key]?.required === true && object[key] === undefined) reject(`'${path}' must have a field '${key}'`)
  }
}

const HEX: Check = (value, path) => {
  if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(value)) reject(`${path} must be a hex string`)
}

const REFUSAL_PART = { type: need(string), refusal: need(string) }
const AUDIO_PART = { type: need(string), input_audio: need(objectOf({ format: need(string), data: need(HEX) })) }
const FILE_PART = {
  type: need(string),
  file: need(objectOf({ file_data: may(HEX), file_id: may(string), filename: may(string) }))
}
const IMAGE_PART = { type: need(string), image: need(objectOf({ url: need(string), detail: may(string) })) }
const TEXT_PART = { type: need(string), text: need(string) }

/** Kinds of content part, in the worker's order of tests by substring. */
const PARTS: ReadonlyArray<readonly [string, Readonly<Record<string, Field>>]> = [
  ['text', TEXT_PART],
  ['image', IMAGE_PART],
  ['audio', AUDIO_PART],
  ['file', FILE_PART]
]

const contentPart: Check = (value, path) => {
  if (!isJsonObject(value)) reject(`${path} must be an object`)
  if (value['refusal'] !== undefined) return checkFields(value, path, REFUSAL_PART)
  const type = value['type']
  if (type === undefined) reject(`'${path}' must have a field 'type'`)
  if (typeof type !== 'string') reject(`${path}.type must be a string`)
  const found = PARTS.find(([name]) => type.includes(name))
  if (found === undefined || type.length >= 128) reject(`${path} has unknown type ${type}`)
  checkFields(value, path, found[1])
}

const content: Check = (value, path) => {
  if (Array.isArray(value)) arrayOf(contentPart)(value, path)
  else string(value, path)
}

const toolCall: Check = (value, path) => {
  if (!isJsonObject(value)) reject(`${path} must be an object`)
  const type = value['type']
  const call = objectOf(
    type === 'custom' ? { name: need(string), input: need(string) } : { name: need(string), arguments: need(string) }
  )
  if (type !== 'function' && type !== 'custom')
    reject(`${path} has unknown type ${typeof type === 'string' ? type : ''}`)
  checkFields(value, path, { type: need(string), id: need(string), [type]: need(call) })
}

const PLAIN_MESSAGE = { role: need(string), content: need(content), name: may(string) }
const MESSAGES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  developer: PLAIN_MESSAGE,
  system: PLAIN_MESSAGE,
  user: PLAIN_MESSAGE,
  assistant: {
    role: need(string),
    content: may(content),
    audio: may(objectOf({ id: need(string) })),
    function_call: may(objectOf({ name: need(string), arguments: need(string) })),
    name: may(string),
    refusal: may(string),
    tool_calls: may(arrayOf(toolCall))
  },
  tool: { role: need(string), tool_call_id: need(string), content: need(content) },
  function: { role: need(string), name: need(string), content: need(string) }
}

const message: Check = (value, path) => {
  if (!isJsonObject(value)) reject(`${path} must be an object`)
  const role = value['role']
  if (role === undefined) reject(`'${path}' must have a field 'role'`)
  if (typeof role !== 'string') reject(`${path}.role must be a string`)
  const fields = Object.hasOwn(MESSAGES, role) ? MESSAGES[role] : undefined
  if (fields === undefined) reject(`${path} has unknown role ${role}`)
  checkFields(value, path, fields)
}

/** Fields of both JSON endpoints. */
const SHARED: Readonly<Record<string, Field>> = {
  model: need(string),
  max_tokens: may(integer),
  max_completion_tokens: may(integer),
  frequency_penalty: may(number),
  presence_penalty: may(number),
  temperature: may(number),
  top_p: may(number),
  n: may(integer),
  seed: may(integer),
  stream: may(boolean),
  // Checked when streaming only: otherwise the worker deletes it.
  stream_options: may(() => undefined),
  stop: may(arrayOf(string)),
  user: may(string),
  skip_special_tokens: may(boolean),
  // Fields of the end-to-end envelope stay in the body.
  is_encrypted: may(string),
  sender_public_key: may(string),
  receiver_public_key: may(string),
  encryption_nonce: may(string)
}

/** `/v1/chat/completions`. */
export const CHAT_2026: Readonly<Record<string, Field>> = {
  ...SHARED,
  messages: need(arrayOf(message)),
  top_logprobs: may(integer),
  service_tier: may(integer),
  logprobs: may(boolean),
  parallel_tool_calls: may(boolean),
  store: may(boolean),
  // A string or an empty object passes, every other object fails at its first field.
  response_format: may((value, path) => (isJsonObject(value) ? checkFields(value, path, {}) : string(value, path))),
  reasoning_effort: may(string),
  verbosity: may(string),
  safety_identifier: may(string),
  prompt_cache_key: may(string),
  prompt_cache_retention: may(string),
  modalities: may(arrayOf(string)),
  audio: may(
    objectOf({
      format: need(string),
      voice: need((value, path) => (typeof value === 'string' ? undefined : neverAsArray(value, path)))
    })
  ),
  prediction: may(objectOf({ type: need(string), content: need(content) })),
  chat_template_kwargs: may(objectOf({ enable_thinking: may(boolean) }))
}

/** `/v1/completions`. */
export const COMPLETIONS_2026: Readonly<Record<string, Field>> = {
  ...SHARED,
  prompt: need((value, path) => (Array.isArray(value) ? arrayOf(string)(value, path) : string(value, path))),
  best_of: may(integer),
  echo: may(boolean),
  logprobs: may(boolean),
  suffix: may(string)
}

/** What is left of `stream_options` once include_usage is forced. */
export const STREAM_OPTIONS_2026: Readonly<Record<string, Field>> = { include_usage: may(boolean) }
