/**
 * Requests that the caller encrypted to the workers (v3.md §2): they pass as they are. Looked at are the envelope's
 * fields, which must be whole, and the places where ciphertext is due, since what is no ciphertext there would kill the
 * worker or come back in clear (§2.9, 9 and 10). The rules of the endpoint hold for what only the worker can read.
 *
 * @module
 */
import { encodeUtf8 } from '../../encoding/utf8.js'
import { parsePublicKey } from '../../envelope/keys/index.js'
import { CocoonError } from '../../errors.js'
import type { InferencePeer, InferenceRequest } from '../../runtime/ports/inference.js'
import { encodeMultipart, type FilePart } from './multipart.js'
import type { RequestOptions, SurfaceContext } from './options.js'
import { encodeJsonBody, type PendingRequest, readLimit, readModel, readSettings } from './request-fields.js'
import { fieldError } from './rules/index.js'
import { baseName } from './translate.js'

/** Names that stay readable at every depth (v3.md §2.4). */
const READABLE: ReadonlySet<string> = /* @__PURE__ */ new Set([
  ...['is_encrypted', 'sender_public_key', 'receiver_public_key', 'encryption_nonce', 'model', 'debug'],
  ...['max_completion_tokens', 'max_tokens', 'max_coefficient', 'timeout', 'enable_debug', 'request_guid']
])

const REMEDY = 'encrypt the body with encryptRequest of cocoonkit/envelope'
/** Levels of nesting that are walked; deeper bodies are refused. */
const MAX_DEPTH = 64
const PREFIX = 'ENC_'

/**
 * Checks an encrypted body as far as anybody on the way can, in linear time.
 *
 * @returns The network's key that it is encrypted to, 32 bytes.
 * @throws CocoonError `ERR_REQUEST_FIELD` (400) for an incomplete envelope, a key that is not 32 bytes (33 bytes of base64
 * abort the reference), and for text that is not ciphertext where ciphertext is due (shorter than 4 bytes aborts workers).
 */
export function checkSealedBody(body: Readonly<Record<string, unknown>>): Uint8Array {
  if (body['is_encrypted'] !== 'v1') throw fieldError('is_encrypted', "must be 'v1'", REMEDY)
  const nonce = body['encryption_nonce']
  if (typeof nonce !== 'string' || !/^[A-Za-z0-9+/]{43}=$/.test(nonce))
    throw fieldError('encryption_nonce', 'must be 32 bytes in base64', REMEDY)
  readKey(body, 'sender_public_key')
  checkStrings(body)
  return readKey(body, 'receiver_public_key')
}

function readKey(body: Readonly<Record<string, unknown>>, name: string): Uint8Array {
  const text = body[name]
  try {
    if (typeof text === 'string') return parsePublicKey(text)
  } catch {
    // Said below, with the field's name.
  }
  throw fieldError(name, 'must be a key of 32 bytes in hex or padded base64', REMEDY)
}

function checkStrings(body: Readonly<Record<string, unknown>>): void {
  const stack: { readonly value: unknown; readonly depth: number }[] = []
  const visit = (name: string | undefined, value: unknown, depth: number): void => {
    if (name !== undefined && READABLE.has(name)) return
    if (typeof value === 'string' && !isCiphertext(value)) throw notCiphertext()
    if (typeof value !== 'object' || value === null || value instanceof Blob || ArrayBuffer.isView(value)) return
    if (depth > MAX_DEPTH)
      throw fieldError('is_encrypted', `marks a body nested deeper than ${MAX_DEPTH} levels`, REMEDY)
    stack.push({ value, depth })
  }
  stack.push({ value: body, depth: 0 })
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { value, depth } = top
    if (Array.isArray(value)) for (const item of value) visit(undefined, item, depth + 1)
    else for (const [name, item] of Object.entries(value as object)) visit(name, item, depth + 1)
  }
}

/** What the scheme writes: `ENC_` and whole blocks of 16 bytes, at least two, in hex of either case. */
function isCiphertext(text: string): boolean {
  const digits = text.length - PREFIX.length
  return text.startsWith(PREFIX) && digits >= 64 && digits % 32 === 0 && !/[^0-9a-fA-F]/.test(text.slice(PREFIX.length))
}

/** The path is not named: keys of a stranger's body have no place in an error. */
function notCiphertext(): CocoonError {
  return new CocoonError('ERR_REQUEST_FIELD', 'an encrypted body holds text that is not encrypted', {
    phase: 'request',
    httpStatus: 400,
    field: 'is_encrypted',
    remedy: REMEDY
  })
}

/** What {@link createSealedRequest} is made from. */
export interface SealedSource {
  readonly body: Readonly<Record<string, unknown>>
  /** The JSON text as received; what leaves is then this text, byte for byte, unless a field for the library is in it. */
  readonly text?: string | undefined
  /** The encrypted file of a form. */
  readonly file?: FilePart | undefined
}

/**
 * A request that is sent as it came; `max_coefficient`, `timeout`, `enable_debug` and `request_guid` are read and removed.
 *
 * @throws CocoonError as {@link checkSealedBody}.
 */
export function createSealedRequest(
  context: SurfaceContext,
  path: InferenceRequest['path'],
  { body: source, text, file }: SealedSource,
  options: RequestOptions
): PendingRequest {
  const { max_coefficient: coefficient, timeout, enable_debug: debug, request_guid: guid, ...body } = source
  const model = readModel(body['model'])
  if (model !== baseName(model))
    throw fieldError('model', 'must be the base name in an encrypted body', 'leave out what follows @')
  const networkPublicKey = checkSealedBody(source)
  if (file !== undefined && !isCiphertextFile(file.bytes)) throw notCiphertext()
  const { timeoutMs, ...settings } = readSettings({ coefficient, timeout, debug }, options, context)
  const reservedTokens = readLimit(body, true) ?? context.defaults.reservedTokens
  const isUntouched = [coefficient, timeout, debug, guid].every((value) => value === undefined)
  return {
    streams: body['stream'] === true,
    isSealed: true,
    timeoutMs,
    signal: options.signal,
    source,
    prepare(peer) {
      requireEncryption(peer)
      const common = { model, path, ...settings, reservedTokens, networkPublicKey }
      if (file !== undefined) return { ...common, ...encodeMultipart(body, file, context.random) }
      const written = encodeJsonBody(body)
      // As it came, to the byte, where nothing was taken out.
      return { ...common, ...written, ...(isUntouched && text !== undefined && { body: encodeUtf8(text) }) }
    }
  }
}

function isCiphertextFile(bytes: Uint8Array): boolean {
  return bytes.length >= 68 && bytes[0] === 0x45 && bytes[1] === 0x4e && bytes[2] === 0x43 && bytes[3] === 0x5f
}

/** @throws CocoonError `ERR_ENCRYPTION_UNAVAILABLE`: an older proxy would lose the key, and the worker refuse the body. */
function requireEncryption(peer: InferencePeer): void {
  if (peer.protocolVersion >= 3) return
  throw new CocoonError('ERR_ENCRYPTION_UNAVAILABLE', 'the connected proxy cannot carry encrypted requests', {
    phase: 'envelope',
    httpStatus: 400,
    remedy: 'it needs a proxy of protocol version 3 or later'
  })
}
