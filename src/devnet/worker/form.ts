/**
 * multipart/form-data as the worker of April 2026 reads and writes it, with its peculiar boundary rule.
 *
 * Source: v3.md §3.5 (runners/helpers/ValidateRequest.cpp:67-201 @9060ce5).
 *
 * @module
 */
import { concatBytes } from '../../encoding/index.js'
import { reject } from './request-2026-rules.js'

/** One part: its header block without the final blank line, and its bytes. */
export interface FormPart {
  readonly headers: string
  readonly value: Uint8Array
}

/** A form; of repeated names the last part is kept. */
export interface Form {
  readonly boundary: string
  readonly parts: ReadonlyMap<string, FormPart>
}

const latin1 = new TextDecoder('latin1')

function boundaryOf(contentType: string): string {
  if (!contentType.startsWith('multipart/form-data')) {
    reject(`expected multipart/form-data content type, found ${contentType}`)
  }
  // The token must follow a space and be the last parameter.
  const found = / boundary=(?:"([^"]+)"|([^\s";]+))$/.exec(contentType)
  const boundary = found?.[1] ?? found?.[2]
  if (boundary === undefined) reject('cannot find boundary in content type')
  return boundary
}

function nameOf(headers: string): string | undefined {
  const disposition = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? ''
  for (const parameter of disposition.split(';')) {
    const [key, value] = parameter.split('=')
    if (key?.trim().toLowerCase() === 'name') return value?.trim().replaceAll('"', '')
  }
  return undefined
}

/** Reads a form. @throws WorkerRejection 621. */
export function parseForm(contentType: string, body: Uint8Array): Form {
  const boundary = boundaryOf(contentType)
  // latin1 maps bytes to characters one to one, so that offsets agree.
  const text = latin1.decode(body)
  const pieces = text.split(`--${boundary}`)
  const parts = new Map<string, FormPart>()
  let offset = 0
  pieces.forEach((piece, index) => {
    const start = offset
    offset += piece.length + boundary.length + 2
    if (index === 0 || piece.startsWith('--')) return
    const split = piece.indexOf('\r\n\r\n')
    if (!piece.startsWith('\r\n') || split < 0 || !piece.endsWith('\r\n')) reject('malformed multipart body')
    const headers = piece.slice(2, split)
    const name = nameOf(headers)
    if (name === undefined) reject('malformed multipart body')
    parts.set(name, { headers, value: body.slice(start + split + 4, start + piece.length - 2) })
  })
  if (parts.size === 0) reject('malformed multipart body')
  return { boundary, parts }
}

/** Writes a form: parts sorted by name, CRLF, closing delimiter. */
export function serializeForm(form: Form): Uint8Array {
  const encoder = new TextEncoder()
  const pieces: Uint8Array[] = []
  for (const name of [...form.parts.keys()].toSorted()) {
    const part = form.parts.get(name)
    if (part === undefined) continue
    pieces.push(encoder.encode(`--${form.boundary}\r\n${part.headers}\r\n\r\n`), part.value, encoder.encode('\r\n'))
  }
  return concatBytes(...pieces, encoder.encode(`--${form.boundary}--\r\n`))
}
