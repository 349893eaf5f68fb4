/**
 * Opens the answer to an encrypted request, value by value as they arrive. Everything that is in clear where it must not
 * be, or does not belong here, ends the answer with a typed error; nothing of it reaches the caller.
 *
 * @module
 */
import { encodeUtf8 } from '../../encoding/utf8.js'
import { decryptAnswer, EnvelopeError } from '../../envelope/index.js'
import type { InferenceAnswer } from '../../runtime/ports/inference.js'
import { createEventParser } from '../openai/index.js'
import { markEncrypted } from './mark-encrypted.js'
import type { SealedRequest } from './seal.js'

/** Longest encrypted value: twice what the surface takes in clear, since ciphertext is hex. */
const MAX_VALUE_CHARS = 33_554_432

/**
 * The answer with its parts in clear, one JSON value a line. An answer with an HTTP error passes as it is when it cannot
 * be opened: it is an error either way, and its text is untrusted either way.
 */
export function openAnswer(answer: InferenceAnswer, sealed: SealedRequest): InferenceAnswer {
  const isGood = answer.status >= 200 && answer.status <= 299
  return markEncrypted(answer, isGood ? openParts(answer, sealed) : openErrorParts(answer, sealed))
}

async function* openParts(answer: InferenceAnswer, sealed: SealedRequest): AsyncGenerator<Uint8Array> {
  const parser = createEventParser(MAX_VALUE_CHARS)
  const nonces = new Set<unknown>()
  async function* drain(): AsyncGenerator<Uint8Array> {
    for (let text = parser.take(); text !== undefined; text = parser.take()) {
      yield encodeUtf8(`${JSON.stringify(await openValue(text, sealed, nonces))}\n`)
    }
    if (parser.failure !== undefined) throw parser.failure
  }
  for await (const part of answer.parts) {
    parser.push(part)
    yield* drain()
  }
  // What stands unfinished at the end of a broken answer is for the reader of `final` to judge.
  if (!(await answer.final).complete) return
  parser.finish()
  yield* drain()
}

async function* openErrorParts(answer: InferenceAnswer, sealed: SealedRequest): AsyncGenerator<Uint8Array> {
  for await (const part of answer.parts) {
    let opened = part
    try {
      const value = await decryptAnswer(new TextDecoder().decode(part), { senderKey: sealed.senderKey })
      opened = encodeUtf8(`${JSON.stringify(value)}\n`)
    } catch {
      // In clear, or in pieces: the status says what matters.
    }
    yield opened
  }
}

async function openValue(
  text: string,
  { senderKey, maxChoices }: SealedRequest,
  nonces: Set<unknown>
): Promise<object> {
  const source = parseValue(text)
  const value = await decryptAnswer(source, { senderKey })
  // Each value has a nonce of its own; one that comes twice was sent again by somebody on the way.
  const nonce = source['encryption_nonce']
  if (nonces.has(nonce)) throw misplaced('a value of the answer came twice')
  nonces.add(nonce)
  checkStructure(value, maxChoices)
  return value
}

function parseValue(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    // The engine's own error quotes the text.
    throw misplaced('a value of the answer is not JSON')
  }
}

/** Objects of answers; strings that were swapped by somebody on the way mostly break this. */
const OBJECTS: readonly unknown[] = ['chat.completion', 'chat.completion.chunk', 'text_completion', undefined]
const ROLES: readonly unknown[] = ['assistant', '', null, undefined]

/**
 * The scheme binds strings to their message, not to their places (v3.md §2.9), and structure not at all. What a chat
 * answer must look like is checked instead.
 */
function checkStructure(value: Record<string, unknown>, maxChoices: number): void {
  if ('error' in value || value['object'] === 'error' || !Array.isArray(value['choices'])) return
  if (!OBJECTS.includes(value['object'])) throw misplaced('a value of the answer has an unknown kind')
  if (value['choices'].length > maxChoices) throw misplaced('the answer has more choices than were asked for')
  for (const choice of value['choices'] as unknown[]) {
    const { message, delta, index } = Object(choice) as Record<string, { role?: unknown } | undefined>
    const isPlaced =
      index === undefined ||
      (Number.isInteger(index) && (index as unknown as number) >= 0 && (index as unknown as number) < maxChoices)
    if (!isPlaced || !ROLES.includes(message?.role) || !ROLES.includes(delta?.role))
      throw misplaced('a choice of the answer is not what was asked for')
  }
}

function misplaced(message: string): EnvelopeError {
  return new EnvelopeError('ERR_ENVELOPE_DECRYPT', message, { charged: 'unknown', httpStatus: 502 })
}
