/**
 * Reads a request's body within limits, and out of it no more than who serves it must know: model, limits, whether it
 * streams, whether it is encrypted.
 *
 * @module
 */
import { concatBytes, decodeUtf8Strict } from '../encoding/index.js'
import { CocoonError } from '../errors.js'
import type { Clock } from '../runtime/ports/clock.js'
import { isSealedBody } from '../client/openai/index.js'
import { checkSealedBody } from '../client/openai/forms/index.js'
import { gatewayError } from './failure.js'

/** What a gateway knows of a request. */
export interface GatewayRequest {
  /** `/v1/chat/completions`, `/v1/completions` or `/v1/audio/transcriptions`. */
  readonly path: string
  readonly model: string
  /** Of the body, as received. */
  readonly bytesIn: number
  /** Whether the body is encrypted to the workers; the gateway then cannot read it. */
  readonly isEncrypted: boolean
  /** The body's own limit of one answer, tokens; the higher one of two. 0 is none. */
  readonly maxTokens: number | undefined
  /** Answers that it asks for: `n` or `best_of`, times the number of prompts. At least 1. */
  readonly choices: number
  /** Highest price coefficient that the body accepts, 1/1000. */
  readonly maxCoefficient: number | undefined
}

/** A request with the body that is handed on. */
export interface ReadRequest {
  readonly about: GatewayRequest
  /** The JSON text as received, or the form. */
  readonly body: string | FormData
  /** What is in it. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** Limits of {@link readRequest}. */
export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly maxUploadBytes: number
  readonly bodyTimeoutMs: number
}

/** @throws CocoonError 400, 408, 413 or 415 in `httpStatus`. */
export async function readRequest(
  request: Request,
  path: string,
  limits: BodyLimits,
  clock: Clock
): Promise<ReadRequest> {
  const type = request.headers.get('content-type')?.toLowerCase() ?? ''
  const isForm = path === '/v1/audio/transcriptions'
  if (!type.startsWith(isForm ? 'multipart/form-data' : 'application/json'))
    throw gatewayError('ERR_REQUEST_INVALID', 'the content type is not what this path takes', 415, {
      remedy: `send content-type: ${isForm ? 'multipart/form-data' : 'application/json'}`
    })
  const bytes = await readBytes(
    request,
    isForm ? limits.maxUploadBytes : limits.maxBodyBytes,
    limits.bodyTimeoutMs,
    clock
  )
  const { fields, body } = isForm ? await parseForm(bytes, request.headers.get('content-type') ?? '') : parseJson(bytes)
  return { about: describe(path, fields, bytes.length), body, fields }
}

async function readBytes(
  request: Request,
  maxBytes: number,
  timeoutMs: number,
  clock: Clock
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > maxBytes) throw tooLarge(maxBytes)
  const reader = (request.body as Request['body'] | undefined)?.getReader()
  if (reader === undefined) {
    // No body; or Firefox, where the bodies of requests are no streams, and which is no server: they are its own.
    const whole = new Uint8Array(await request.arrayBuffer())
    if (whole.length > maxBytes) throw tooLarge(maxBytes)
    return whole
  }
  const parts: Uint8Array[] = []
  let length = 0
  let isLate = false
  // The whole body has one deadline: a byte now and then does not hold a place for ever.
  const cancelTimer = clock.setTimer(() => {
    isLate = true
    reader.cancel().catch(() => {})
  }, timeoutMs)
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      length += step.value.length
      if (length > maxBytes) throw tooLarge(maxBytes)
      parts.push(step.value)
    }
  } catch (cause) {
    reader.cancel().catch(() => {})
    if (CocoonError.is(cause)) throw cause
    throw gatewayError('ERR_REQUEST_INVALID', 'the request body broke off', 400)
  } finally {
    cancelTimer()
  }
  if (isLate) throw gatewayError('ERR_TIMEOUT', 'the request body took too long', 408)
  return concatBytes(...parts)
}

function tooLarge(maxBytes: number): CocoonError {
  return gatewayError('ERR_REQUEST_TOO_LARGE', `the request body is longer than ${maxBytes} bytes`, 413)
}

interface ParsedBody {
  readonly fields: Readonly<Record<string, unknown>>
  readonly body: string | FormData
}

function parseJson(bytes: Uint8Array): ParsedBody {
  let body: string
  let fields: unknown
  try {
    body = decodeUtf8Strict(bytes)
    fields = JSON.parse(body)
  } catch {
    // The engine's own error quotes the body.
    throw gatewayError('ERR_REQUEST_INVALID', 'the request body is not JSON', 400)
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw gatewayError('ERR_REQUEST_INVALID', 'the request body must be an object', 400)
  return { fields: fields as Record<string, unknown>, body }
}

async function parseForm(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<ParsedBody> {
  try {
    const body = await new Response(bytes, { headers: { 'content-type': type } }).formData()
    const fields = [...body.entries()].map(([name, value]) => [
      name,
      typeof value === 'string' ? fromText(name, value) : value
    ])
    return { fields: Object.fromEntries(fields) as Record<string, unknown>, body }
  } catch {
    throw gatewayError('ERR_REQUEST_INVALID', 'the request body is not multipart/form-data', 400)
  }
}

function fromText(name: string, text: string): unknown {
  return name.startsWith('max_') && /^\d{1,15}$/.test(text) ? Number(text) : text
}

function describe(path: string, fields: Readonly<Record<string, unknown>>, bytesIn: number): GatewayRequest {
  const { model } = fields
  if (typeof model !== 'string' || model === '' || model.length > 256)
    throw gatewayError('ERR_REQUEST_FIELD', "field 'model' is required", 400, { field: 'model' })
  const isEncrypted = isSealedBody(fields)
  if (isEncrypted) checkSealedBody(fields)
  return {
    path,
    model,
    bytesIn,
    isEncrypted,
    // Of two, the network reserves by the one and workers obey the other (v3.md §3.6).
    maxTokens: highest(...LIMITS.map((name) => fields[name]).filter((limit) => !isNone(limit))),
    choices: choicesOf(fields),
    maxCoefficient: integerOf(fields['max_coefficient'])
  }
}

function highest(...values: readonly unknown[]): number | undefined {
  const numbers = values.flatMap((value) => integerOf(value) ?? [])
  return numbers.length === 0 ? undefined : Math.max(...numbers)
}

function choicesOf({ n, best_of: bestOf, prompt }: Readonly<Record<string, unknown>>): number {
  return Math.max(1, highest(n, bestOf) ?? 1) * (Array.isArray(prompt) ? Math.max(1, prompt.length) : 1)
}

function integerOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/**
 * The body with a number under each of the names that it lacks: nothing else in it changes, not even white space, unless a
 * limit is there that limits nothing.
 *
 * @param added - Names that need no escaping.
 */
export function withDefaults(
  { about, body, fields }: ReadRequest,
  added: Readonly<Record<string, number>>
): string | FormData {
  const { maxTokens = added['max_tokens'], maxCoefficient = added['max_coefficient'] } = about
  const missing = new Map<string, number>()
  if (about.maxTokens === undefined && maxTokens !== undefined) missing.set('max_tokens', maxTokens)
  if (about.maxCoefficient === undefined && maxCoefficient !== undefined) missing.set('max_coefficient', maxCoefficient)
  // Whichever of the two names a worker goes by, it must find the limit there.
  for (const name of LIMITS) if (maxTokens !== undefined && isNone(fields[name])) missing.set(name, maxTokens)
  if (missing.size === 0) return body
  if (typeof body !== 'string') {
    for (const [name, value] of missing) body.set(name, String(value))
    return body
  }
  // Of a name that stands twice, the last one would count.
  if ([...missing.keys()].some((name) => isNone(fields[name])))
    return JSON.stringify({ ...fields, ...Object.fromEntries(missing) })
  const open = body.indexOf('{') + 1
  return `${body.slice(0, open)}${[...missing].map(([name, value]) => `"${name}":${value},`).join('')}${body.slice(open)}`
}

const LIMITS = ['max_completion_tokens', 'max_tokens'] as const

/** Whether this limits nothing, though it stands there: inference servers take 0 for no limit, too. */
function isNone(limit: unknown): boolean {
  return limit === null || limit === 0
}
