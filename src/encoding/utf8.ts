/**
 * UTF-8, at once and in pieces. A byte order mark is kept: it is the text's, and whoever parses the text decides.
 *
 * @module
 */
import { CocoonError } from '../errors.js'

const encoder = /* @__PURE__ */ new TextEncoder()
const lenient = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true })
const strict = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/** Text as UTF-8; lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>
}

/** UTF-8 as text; what is not UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return lenient.decode(bytes)
}

/**
 * UTF-8 as text.
 *
 * @throws CocoonError `ERR_ENCODING` when it is not UTF-8.
 */
export function decodeUtf8Strict(bytes: Uint8Array): string {
  return attempt(() => strict.decode(bytes))
}

/**
 * Decodes text that arrives in pieces split anywhere, also inside a character.
 *
 * @example
 * const decoder = new Utf8StreamDecoder()
 * text += decoder.push(chunk)
 * text += decoder.finish()
 */
export class Utf8StreamDecoder {
  readonly #decoder: TextDecoder

  /** @param options.fatal - Throw `ERR_ENCODING` for what is not UTF-8 instead of writing U+FFFD. Default `false`. */
  constructor(options: { readonly fatal?: boolean | undefined } = {}) {
    this.#decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: options.fatal ?? false })
  }

  /** The characters that are complete with this chunk; the rest waits for the next. */
  push(chunk: Uint8Array): string {
    return attempt(() => this.#decoder.decode(chunk, { stream: true }))
  }

  /** What waits: U+FFFD for a character that never became complete. The decoder can then be used again. */
  finish(): string {
    return attempt(() => this.#decoder.decode())
  }
}

function attempt(decode: () => string): string {
  try {
    return decode()
  } catch {
    throw new CocoonError('ERR_ENCODING', 'text is not valid UTF-8', { phase: 'encoding' })
  }
}
