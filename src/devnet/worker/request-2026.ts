/**
 * What a worker of April 2026 accepts and how it rewrites a request: chat, completions and audio transcriptions.
 *
 * Source: v3.md §3 (runners/helpers/ValidateRequest.cpp @9060ce5).
 *
 * @module
 */
import { parseForm, serializeForm } from './form.js'
import { dumpJson, emptyObject, isJsonObject, parseJson, type JsonObject } from './json.js'
import { WorkerRejection, type RewrittenRequest } from './rejection.js'
import {
  CHAT_2026,
  checkFields,
  COMPLETIONS_2026,
  reject,
  STREAM_OPTIONS_2026,
  type Field
} from './request-2026-rules.js'

const JSON_ENDPOINTS: ReadonlyMap<string, Readonly<Record<string, Field>>> = new Map([
  ['/v1/chat/completions', CHAT_2026],
  ['/v1/completions', COMPLETIONS_2026]
])

/** stream_options is deleted without streaming; with it include_usage is forced and nothing else may be there. */
function rewriteStreamOptions(body: JsonObject): void {
  if (body['stream'] !== true) {
    delete body['stream_options']
    return
  }
  const options = body['stream_options'] ?? emptyObject()
  if (!isJsonObject(options)) reject('.stream_options must be an object')
  options['include_usage'] = true
  checkFields(options, '.stream_options', STREAM_OPTIONS_2026)
  body['stream_options'] = options
}

/** A positive limit is written into both fields; max_tokens wins. */
function rewriteLimits(body: JsonObject): void {
  const limit = body['max_tokens'] ?? body['max_completion_tokens']
  if (typeof limit !== 'bigint' || limit <= 0n) return
  body['max_tokens'] = limit
  body['max_completion_tokens'] = limit
}

function rewriteJson(fields: Readonly<Record<string, Field>>, bodyText: string, model: string): RewrittenRequest {
  const body = parseJson(bodyText)
  if (!isJsonObject(body)) reject('expected json object')
  checkFields(body, '', fields)
  if (body['model'] !== model) reject('model name mismatch')
  rewriteStreamOptions(body)
  rewriteLimits(body)
  return { body: new TextEncoder().encode(dumpJson(body)), stream: body['stream'] === true, json: body }
}

const FORM_TEXT = ['language', 'prompt', 'chunking_strategy', 'temperature', 'stream_options']
const FORM_INTEGERS = ['max_tokens', 'max_completion_tokens', 'stream']
const FORM_ARRAYS = ['include', 'known_speaker_names', 'known_speaker_references', 'timestamp_granularities']

function checkPart(name: string, text: string): void {
  if (name === 'model' || name === 'file' || FORM_TEXT.includes(name)) return
  if (FORM_INTEGERS.includes(name)) {
    if (!/^-?\d+$/.test(text)) reject(`.${name} must be an integer`)
    return
  }
  if (FORM_ARRAYS.includes(name)) reject(`.${name} must be an array`)
  if (name !== 'response_format') reject(` has unknown field '${name}'`)
  if (text !== 'json') throw new WorkerRejection(602, "response_format must be 'json'")
}

function rewriteForm(contentType: string, body: Uint8Array, model: string): RewrittenRequest {
  const form = parseForm(contentType, body)
  const json = emptyObject()
  for (const [name, part] of form.parts) {
    const text = new TextDecoder().decode(part.value)
    checkPart(name, text)
    if (name !== 'file') json[name] = text
  }
  for (const name of ['model', 'file']) {
    if (!form.parts.has(name)) reject(`'' must have a field '${name}'`)
  }
  if (json['model'] !== model) reject('model name mismatch')
  return { body: serializeForm(form), stream: json['stream'] !== undefined && json['stream'] !== '0', json }
}

/**
 * Checks and rewrites a request.
 *
 * @param contentType - Value of the request's Content-Type header, `''` when absent; only forms need it.
 * @throws WorkerRejection with the worker's code and text.
 */
export function rewriteRequest2026(
  path: string,
  contentType: string,
  body: Uint8Array,
  model: string
): RewrittenRequest {
  if (path === '/v1/audio/transcriptions') return rewriteForm(contentType, body, model)
  const fields = JSON_ENDPOINTS.get(path)
  if (fields === undefined) reject('unsupported method')
  return rewriteJson(fields, new TextDecoder().decode(body), model)
}
