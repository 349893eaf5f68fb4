/**
 * Base64 (RFC 4648 §4) and its URL-safe alphabet (§5). Strict: no white space, no mixed alphabets, no stray bits.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

/** Which form of base64. */
export interface Base64Options {
  /** `-` and `_` for `+` and `/`. Default `false`. */
  readonly urlSafe?: boolean | undefined
  /** Whether `=` fills the last group: written, and required when reading. Default: the opposite of `urlSafe`. */
  readonly padding?: boolean | undefined
}

/** Bytes turned at once: what a call takes as arguments on every runtime. */
const PIECE_BYTES = 8192

/** Base64 text of bytes. */
export function encodeBase64(bytes: Uint8Array, options: Base64Options = {}): string {
  const { urlSafe = false, padding = !urlSafe } = options
  let binary = ''
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const codes: ArrayLike<number> = bytes.subarray(at, at + PIECE_BYTES)
    // Eight times faster than with `...`, which iterates.
    binary += String.fromCharCode.apply(undefined, codes as number[])
  }
  let text = btoa(binary)
  if (urlSafe) text = text.replaceAll('+', '-').replaceAll('/', '_')
  return padding ? text : text.replaceAll('=', '')
}

/**
 * Bytes of base64 text.
 *
 * @throws CocoonError `ERR_ENCODING` for anything that {@link encodeBase64} with the same options would not write.
 */
export function decodeBase64(text: string, options: Base64Options = {}): Uint8Array<ArrayBuffer> {
  const bytes = decodeLenient(options.urlSafe ? text.replaceAll('-', '+').replaceAll('_', '/') : text)
  // The platform lets white space, missing padding and stray bits pass, and the other alphabet was just made this one.
  if (bytes === undefined || encodeBase64(bytes, options) !== text)
    throw new CocoonError('ERR_ENCODING', 'text is not base64', { phase: 'encoding' })
  return bytes
}

function decodeLenient(text: string): Uint8Array<ArrayBuffer> | undefined {
  let binary: string
  try {
    binary = atob(text)
  } catch {
    return undefined
  }
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}
