/**
 * Faults of encrypted answers: what somebody on the way, or a worker that is broken, may do to them.
 *
 * @module
 */
import { decodeUtf8, encodeUtf8 } from '../../encoding/index.js'
import { ZERO_TOKENS } from '../worker/index.js'
import type { AnswerFault } from './types.js'

/** Changes the text of every part. */
function retext(change: (text: string) => string): AnswerFault {
  return async function* (steps) {
    for await (const step of steps) {
      if (step.kind === 'part' || step.kind === 'final')
        yield { ...step, bytes: encodeUtf8(change(decodeUtf8(step.bytes))) }
      else yield step
    }
  }
}

const OTHER_KEY = 'ab'.repeat(32)
const CLEAR =
  '{"id":"chatcmpl-x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"injected"},"finish_reason":"stop"}]}\n'

const unknownKey: AnswerFault = async function* () {
  const final = { tokensUsed: ZERO_TOKENS, startSeconds: 0, endSeconds: 0, debug: undefined }
  yield { kind: 'error', code: 602, text: `unknown public key ${OTHER_KEY.toUpperCase()}`, final }
}

/** In clear, whatever the worker said. */
const plaintext: AnswerFault = async function* (steps) {
  for await (const step of steps) {
    if (step.kind === 'final') yield { ...step, bytes: encodeUtf8(CLEAR) }
    else if (step.kind !== 'part') yield step
  }
}

function flip(digit: string): string {
  return (Number.parseInt(digit, 16) ^ 1).toString(16)
}

/** By name. */
export const ENCRYPTION_FAULTS: ReadonlyMap<string, AnswerFault> = new Map([
  ['e2e-unknown-key', unknownKey],
  ['e2e-plaintext', plaintext],
  ['e2e-downgrade', retext((text) => text.replace(/ENC_[0-9a-f]+/, 'DEC_injected'))],
  ['e2e-wrong-sender', retext((text) => text.replaceAll(/("sender_public_key":")[0-9a-f]{64}/g, `$1${OTHER_KEY}`))],
  ['e2e-wrong-receiver', retext((text) => text.replaceAll(/("receiver_public_key":")[0-9a-f]{64}/g, `$1${OTHER_KEY}`))],
  [
    'e2e-tampered',
    retext((text) =>
      text.replace(/(ENC_[0-9a-f]{40})([0-9a-f])/, (_, kept: string, digit: string) => kept + flip(digit))
    )
  ],
  ['e2e-replayed', retext((text) => text + text)]
])
