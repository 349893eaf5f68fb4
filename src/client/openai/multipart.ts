/**
 * Reads forms, and writes multipart/form-data as workers read it, which is narrower than the standard (v3.md §3.5): the
 * boundary is the last parameter and stands after a space, names hold no `;` or `=`, truth values are decimal integers.
 *
 * @module
 */
import { concatBytes } from '../../encoding/bytes.js'
import { bytesToHex } from '../../encoding/hex.js'
import { encodeUtf8 } from '../../encoding/utf8.js'
import type { Random } from '../../runtime/ports/clock.js'
import type { InferenceRequest } from '../../runtime/ports/inference.js'
import { headersFor } from './request-fields.js'
import { fieldError } from './rules/index.js'

/** A file as the caller may give it. Bytes without a name become `audio.wav`. */
export type FileInput = Blob | Uint8Array | ArrayBuffer

/** A file as it is written. */
export interface FilePart {
  readonly bytes: Uint8Array
  /** As the caller named it; what the worker's parser cannot read is replaced when it is written. */
  readonly name: string
  readonly type: string
}

/** Reads a file. @throws CocoonError `ERR_REQUEST_FIELD` when it is none. */
export async function readFile(input: unknown): Promise<FilePart> {
  if (input instanceof Blob) {
    const name = (input as Partial<File>).name ?? 'audio.wav'
    return { bytes: new Uint8Array(await input.arrayBuffer()), name, type: input.type }
  }
  if (input instanceof Uint8Array) return { bytes: input, name: 'audio.wav', type: '' }
  if (input instanceof ArrayBuffer) return { bytes: new Uint8Array(input), name: 'audio.wav', type: '' }
  throw fieldError('file', 'must be a File, a Blob or bytes', 'read the file first and give its bytes')
}

/** A form's file, and its text fields in the types that the rules know. @throws CocoonError `ERR_REQUEST_FIELD`. */
export async function readForm(
  form: FormData
): Promise<{ readonly fields: Record<string, unknown>; readonly file: FilePart }> {
  const fields: [string, unknown][] = []
  for (const [name, value] of form.entries())
    fields.push([name, typeof value === 'string' ? fromText(name, value) : value])
  return { fields: Object.fromEntries(fields), file: await readFile(form.get('file')) }
}

function fromText(name: string, text: string): unknown {
  if (name === 'stream' || name === 'enable_debug')
    return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text
  const isNumber =
    name === 'max_tokens' || name === 'max_completion_tokens' || name === 'max_coefficient' || name === 'timeout'
  return isNumber && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text
}

/**
 * Builds the body and the headers that go with it.
 *
 * @param fields - Strings and numbers as text, booleans as `1` and `0`, objects as JSON; `undefined` is left out.
 */
export function encodeMultipart(
  fields: Readonly<Record<string, unknown>>,
  file: FilePart,
  random: Random
): Pick<InferenceRequest, 'headers' | 'body'> {
  const boundary = `cocoonkit-${bytesToHex(random.bytes(16))}`
  const open = (name: string, rest: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${safeName(name)}"${rest}\r\n`
  let texts = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && name !== 'file') texts += `${open(name, '')}\r\n${toText(value)}\r\n`
  }
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : 'application/octet-stream'
  texts += `${open('file', `; filename="${safeName(file.name)}"`)}Content-Type: ${type}\r\n\r\n`
  return {
    headers: headersFor(`multipart/form-data; boundary=${boundary}`),
    body: concatBytes(encodeUtf8(texts), file.bytes, encodeUtf8(`\r\n--${boundary}--\r\n`))
  }
}

/** The worker cuts headers at `;` and `=`; quotes, backslashes and control characters end or forge them. */
function safeName(name: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what must not travel
  return name.replace(/[;="\\\u0000-\u001f\u007f]/g, '_')
}

function toText(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
