/**
 * Cuts the caller's prompt out of what a peer says in an error. Peers echo requests: whole, in part, or escaped as
 * JSON or Python text.
 *
 * @module
 */
import { CocoonError } from '../../errors.js'

/** Shortest string of a request that is looked for as a whole; shorter ones are ordinary words. */
const MIN_WHOLE = 8
/** Shortest piece of a longer string that counts as an echo. */
const WINDOW = 16
/** Characters of the request that are compared; a peer's text is dropped whole when the request is longer. */
const MAX_REQUEST_CHARS = 4_194_304
/** Fields whose strings are names and not content. */
const NAMES: readonly string[] = ['model', 'role', 'type']
const MARK = '[redacted]'

/**
 * Replaces what `text` repeats of the strings in `request` by `[redacted]`: every string of 8 characters or more, and
 * every run of 16 characters or more out of one. White space, backslashes and `\n`-like and `\u`-escapes are looked
 * through. Time is linear in the request, which counts up to 4,194,304 characters; beyond, the whole text is replaced.
 *
 * @param request - The request as the caller gave it: JSON values and `FormData`; bytes are not looked at.
 */
export function redactPrompt(text: string, request: unknown): string {
  if (text === '') return text
  const strings = collectStrings(request)
  if (strings === undefined) return MARK
  const seen = canonical(text)
  const hit = new Uint8Array(seen.text.length)
  const windows = new Map<string, number[]>()
  for (let index = 0; index + WINDOW <= seen.text.length; index++) {
    const piece = seen.text.slice(index, index + WINDOW)
    const places = windows.get(piece)
    if (places === undefined) windows.set(piece, [index])
    else places.push(index)
  }
  for (const string of strings) markEchoes(canonical(string).text, seen.text, windows, hit)
  return cutHits(text, seen.offsets, hit)
}

/** Marks where `needle`, or a window of it, stands in `haystack`. */
function markEchoes(needle: string, haystack: string, windows: Map<string, number[]>, hit: Uint8Array): void {
  if (needle.length < MIN_WHOLE) return
  if (needle.length < WINDOW) {
    for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1))
      hit.fill(1, at, at + needle.length)
    return
  }
  if (windows.size === 0) return
  for (let index = 0; index + WINDOW <= needle.length; index++) {
    const piece = needle.slice(index, index + WINDOW)
    const places = windows.get(piece)
    if (places === undefined) continue
    for (const at of places) hit.fill(1, at, at + WINDOW)
    windows.delete(piece)
  }
}

/** The text with each run of marked characters replaced. */
function cutHits(text: string, offsets: readonly number[], hit: Uint8Array): string {
  let out = ''
  let from = 0
  for (let index = 0; index < hit.length; index++) {
    if (hit[index] === 0) continue
    out += text.slice(from, offsets[index]) + MARK
    while (index < hit.length && hit[index] === 1) index++
    from = offsets[index] as number
  }
  return out + text.slice(from)
}

/** Text without escapes and white space; `offsets[i]` is where its i-th character began (one more at the end). */
function canonical(text: string): { readonly text: string; readonly offsets: number[] } {
  const token = /\\+u([0-9a-fA-F]{4})|\\+[nrt]|\\+|\s+/g
  const offsets: number[] = []
  let out = ''
  let from = 0
  const copy = (to: number): void => {
    for (; from < to; from++) offsets.push(from)
  }
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    out += text.slice(from, match.index)
    copy(match.index)
    const unit = match[1] === undefined ? '' : String.fromCharCode(Number.parseInt(match[1], 16))
    if (unit.trim() !== '') {
      out += unit
      offsets.push(match.index)
    }
    from = token.lastIndex
  }
  out += text.slice(from)
  copy(text.length)
  offsets.push(text.length)
  return { text: out, offsets }
}

/** Every string value of a request, names left out; `undefined` when there is more than is compared. */
function collectStrings(request: unknown): string[] | undefined {
  const strings = new Set<string>()
  const queue: unknown[] = [request]
  // Every value counts for one, so that a body that contains itself ends too.
  let chars = 0
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    chars++
    if (typeof value === 'string') {
      chars += value.length
      strings.add(value)
    } else if (Array.isArray(value)) {
      for (const item of value) if (item !== undefined) queue.push(item)
    } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      const entries: Iterable<[string, unknown]> = value instanceof FormData ? value.entries() : Object.entries(value)
      for (const [key, item] of entries) if (!NAMES.includes(key) && item !== undefined) queue.push(item)
    }
    if (chars > MAX_REQUEST_CHARS || queue.length > MAX_REQUEST_CHARS) return undefined
  }
  return [...strings]
}

/**
 * Redacts the peer's words in an error and in its causes, in place: an error may be shared by several calls, and less
 * of a peer's text is never wrong.
 */
export function redactError(error: CocoonError, request: unknown): CocoonError {
  let link: unknown = error
  for (let hops = 0; hops < 5 && CocoonError.is(link); hops++) {
    if (link.peerText !== undefined) (link as { peerText: string }).peerText = redactPrompt(link.peerText, request)
    link = link.cause
  }
  return error
}
