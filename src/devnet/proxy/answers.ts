/**
 * The messages that a proxy sends for a request, in the constructors that the negotiated protocol version and the age of
 * the proxy ask for.
 *
 * Source: session.md §4, §7.1; v3.md §1.2.
 *
 * @module
 */
import { encodeTl, type TlObject, type TlValue } from '../../encoding/tl/index.js'
import type { TokensUsed } from '../../runtime/ports/inference.js'
import { ZERO_TOKENS } from '../worker/index.js'

/** Age of the network that the devnet plays. */
export type NetworkVersion = 'dec-2025' | 'apr-2026'

/** Times of one request, unix seconds. */
export interface AnswerTimes {
  readonly proxyStart: number
  readonly proxyEnd: number
  readonly workerStart: number
  readonly workerEnd: number
}

/** What the last message says. */
export interface FinalFacts {
  readonly tokensUsed: TokensUsed
  readonly times: AnswerTimes
  /** Debug texts; present when asked for. */
  readonly debug: { readonly worker: string; readonly proxy: string } | undefined
}

/** What the form of an answer depends on. */
export interface AnswerForm {
  readonly version: NetworkVersion
  readonly protocolVersion: number
  readonly requestId: Uint8Array
  /** Forces the legacy constructors for errors; a fault. */
  readonly legacyErrors?: boolean
}

function tokens(used: TokensUsed): TlValue<'tokensUsed'> {
  return {
    promptTokensUsed: used.prompt,
    cachedTokensUsed: used.cached,
    completionTokensUsed: used.completion,
    reasoningTokensUsed: used.reasoning,
    totalTokensUsed: used.total
  }
}

function finalInfo(form: AnswerForm, facts: FinalFacts): TlValue<'client.queryFinalInfo'> {
  return {
    tokensUsed: tokens(facts.tokensUsed),
    ...(facts.debug === undefined ? {} : { workerDebug: facts.debug.worker, proxyDebug: facts.debug.proxy }),
    ...(form.protocolVersion < 2
      ? {}
      : {
          proxyStartTime: facts.times.proxyStart,
          proxyEndTime: facts.times.proxyEnd,
          workerStartTime: facts.times.workerStart,
          workerEndTime: facts.times.workerEnd
        })
  }
}

/** The head of an answer; with facts it is the whole answer. */
export function headAnswer(form: AnswerForm, response: TlValue<'http.response'>, facts?: FinalFacts): TlObject {
  const answer = encodeTl(response)
  const { requestId } = form
  if (form.protocolVersion >= 1) {
    return {
      type: 'client.queryAnswerEx',
      requestId,
      answer,
      ...(facts === undefined ? {} : { finalInfo: finalInfo(form, facts) })
    }
  }
  return {
    type: 'client.queryAnswer',
    answer,
    isCompleted: facts !== undefined,
    requestId,
    requestTokensUsed: tokens(facts?.tokensUsed ?? ZERO_TOKENS)
  }
}

/** A piece of body; with facts it is the last. */
export function partAnswer(form: AnswerForm, answer: Uint8Array, facts?: FinalFacts): TlObject {
  const { requestId } = form
  if (form.protocolVersion >= 1) {
    return {
      type: 'client.queryAnswerPartEx',
      requestId,
      answer,
      ...(facts === undefined ? {} : { finalInfo: finalInfo(form, facts) })
    }
  }
  return {
    type: 'client.queryAnswerPart',
    answer,
    isCompleted: facts !== undefined,
    requestId,
    requestTokensUsed: tokens(facts?.tokensUsed ?? ZERO_TOKENS)
  }
}

/**
 * An error.
 *
 * @param origin - Errors that the proxy makes itself use the legacy constructors in December also for protocol ≥ 1.
 * @param headSent - Chooses between the two legacy constructors.
 */
export function errorAnswer(
  form: AnswerForm,
  error: { readonly code: number; readonly text: string },
  facts: FinalFacts,
  origin: 'worker' | 'proxy',
  headSent: boolean
): TlObject {
  const { requestId } = form
  const legacy =
    form.legacyErrors === true || form.protocolVersion < 1 || (origin === 'proxy' && form.version === 'dec-2025')
  if (!legacy) {
    const { code: errorCode, text } = error
    return { type: 'client.queryAnswerErrorEx', requestId, errorCode, error: text, finalInfo: finalInfo(form, facts) }
  }
  return {
    type: headSent ? 'client.queryAnswerPartError' : 'client.queryAnswerError',
    errorCode: error.code,
    error: error.text,
    requestId,
    requestTokensUsed: tokens(facts.tokensUsed)
  }
}
