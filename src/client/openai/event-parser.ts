/**
 * Turns the bytes of a streamed answer into the JSON texts of its events. The form is sniffed from the first character:
 * server-sent events, or JSON values one after another (lines, one late object). Headers are not believed.
 *
 * Owns: UTF-8 across parts, line ends (CR, LF, CRLF), the byte order mark, `[DONE]`, limits. Refuses: to look into the
 * JSON; an event's text is parsed when a reader asks for it, so that a blob of many events costs nothing in advance.
 *
 * @module
 */
import { createParser } from 'eventsource-parser'

import { decodeUtf8, Utf8StreamDecoder } from '../../encoding/utf8.js'
import { CocoonError } from '../../errors.js'
import { createJsonSplitter } from './json-splitter.js'

/** Push parser; see {@link createEventParser}. */
export interface EventParser {
  /** Texts of events that nobody took yet, in order; the reader shifts from {@link EventParser.take}. */
  take(): string | undefined
  /** Takes the next part; empty parts are fine. */
  push(part: Uint8Array): void
  /** Says that the final part came: an unterminated last line is parsed now. */
  finish(): void
  /** Why nothing more will come although the peer may go on; to be raised after the last taken text. */
  readonly failure: CocoonError | undefined
  /** Events seen so far; `[DONE]` and blank ones do not count. */
  readonly eventCount: number
}

/**
 * @param maxEventChars - Longest event held, in UTF-16 code units; beyond it `failure` is `ERR_ANSWER_TOO_LARGE`.
 */
export function createEventParser(maxEventChars: number): EventParser {
  let texts: string[] = []
  let taken = 0
  let eventCount = 0
  let done = false
  let failure: CocoonError | undefined
  let stray: string | undefined
  let feed: ((text: string) => void) | undefined
  let finishForm: (() => void) | undefined
  const decode = createDecoder()

  function fail(error: CocoonError): void {
    if (done) return
    failure = error
    done = true
  }
  function onText(text: string): void {
    if (done) return
    // The common case first: an object needs no further look.
    const trimmed = text.charCodeAt(0) === 0x7b ? text : text.trim()
    if (trimmed === '[DONE]') done = true
    else if (trimmed !== '') {
      eventCount++
      texts.push(text)
    }
  }
  const tooLong = (): void =>
    fail(new CocoonError('ERR_ANSWER_TOO_LARGE', `an event is longer than ${maxEventChars} characters`, UNSURE))
  const garbage = (text: string): void => fail(invalidEvent(text))

  function startJson(): void {
    const splitter = createJsonSplitter(maxEventChars, { onValue: onText, onGarbage: garbage, onTooLong: tooLong })
    feed = splitter.push
    finishForm = () => onText(splitter.rest())
  }

  function startEvents(): void {
    const parser = createParser({
      maxBufferSize: maxEventChars,
      onEvent: ({ data, event }) => (event === 'error' ? fail(errorEvent(data)) : onText(data)),
      onError: ({ type, line }) => {
        if (type === 'max-buffer-size-exceeded') tooLong()
        else if (line?.startsWith('{')) onText(line)
        else stray ??= line
      }
    })
    const unifyLines = createLineUnifier()
    // Parts mostly hold whole events of one line; between events the parser has no state that could matter to them.
    let between = true
    feed = (raw) => {
      const text = unifyLines(raw)
      let at = 0
      if (!between) {
        at = text.indexOf('\n\n') + 2
        if (at < 2) return parser.feed(text)
        parser.feed(text.slice(0, at))
      }
      for (let end = lineEventEnd(text, at); end > 0; end = lineEventEnd(text, at)) {
        onText(text.slice(at + 6, end))
        at = end + 2
      }
      const rest = text.slice(at)
      if (rest !== '') parser.feed(rest)
      between = rest === '' || rest.endsWith('\n\n')
    }
    // Two line ends close a last line and a last event that the peer left open.
    finishForm = () => parser.feed('\n\n')
  }

  function pushText(text: string): void {
    if (text === '' || done) return
    if (feed === undefined) {
      const first = /[^ \t\r\n]/.exec(text)?.[0]
      if (first === undefined) return
      if (first === '{' || first === '[') startJson()
      else startEvents()
    }
    feed?.(text)
  }

  return {
    take() {
      if (taken === texts.length) {
        if (taken > 0) texts = []
        taken = 0
        return undefined
      }
      const text = texts[taken] as string
      // Dropped at once, so that the memory of what was read can be reclaimed while a long blob is read.
      texts[taken++] = ''
      return text
    },
    push(part) {
      if (!done && part.length > 0) pushText(decode(part))
    },
    finish() {
      if (!done) pushText(decode(undefined))
      if (!done) finishForm?.()
      if (!done && eventCount === 0 && stray !== undefined) garbage(stray)
      done = true
    },
    get failure() {
      return failure
    },
    get eventCount() {
      return eventCount
    }
  }
}

/** End of the line of an event that is `data: …` in one line, complete, and begins at `at`; 0 when there is none. */
function lineEventEnd(text: string, at: number): number {
  if (!text.startsWith('data: ', at)) return 0
  const end = text.indexOf('\n', at)
  return end > 0 && text.charCodeAt(end + 1) === 0x0a ? end : 0
}

const UNSURE = { phase: 'stream', charged: 'unknown', httpStatus: 502 } as const

/** `ERR_STREAM_INVALID` with the text concerned. */
export function invalidEvent(text: string): CocoonError {
  return new CocoonError('ERR_STREAM_INVALID', 'the stream holds an event that is not a JSON object', {
    ...UNSURE,
    peerText: text
  })
}

/** `ERR_STREAM_ERROR_EVENT` with the text concerned. */
export function errorEvent(text: string): CocoonError {
  return new CocoonError('ERR_STREAM_ERROR_EVENT', 'the inference server reported an error inside the stream', {
    ...UNSURE,
    peerText: text
  })
}

/**
 * Decodes UTF-8 split anywhere; `undefined` ends it. Parts that end in ASCII need no carried state, and the decoder is
 * three times faster without. The byte order mark is dropped.
 */
function createDecoder(): (part: Uint8Array | undefined) => string {
  const decoder = new Utf8StreamDecoder()
  let clean = true
  let first = true
  return (part) => {
    let text: string
    if (part === undefined) text = decoder.finish()
    else {
      const endsInAscii = (part[part.length - 1] as number) < 0x80
      text = clean && endsInAscii ? decodeUtf8(part) : decoder.push(part)
      clean = endsInAscii
    }
    if (first && text !== '') {
      first = false
      if (text.charCodeAt(0) === 0xfeff) return text.slice(1)
    }
    return text
  }
}

/**
 * CR and CRLF become LF, also when a part ends between the two. The parser takes CR itself, but in time that is
 * quadratic in a part where one of the two kinds is rare.
 */
function createLineUnifier(): (text: string) => string {
  let afterReturn = false
  return (text) => {
    const rest = afterReturn && text.charCodeAt(0) === 0x0a ? text.slice(1) : text
    if (text !== '') afterReturn = text.charCodeAt(text.length - 1) === 0x0d
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest
  }
}
