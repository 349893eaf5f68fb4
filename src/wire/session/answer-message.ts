/**
 * The seven answer constructors of the network, legacy and Ex, as one shape.
 *
 * Every version may send any of them: errors made by the proxy itself come in the legacy form on versions 1 and 2
 * (gaps.md A2), and a session accepts all seven always.
 *
 * @module
 */
import { ByteReader, decodeUtf8 } from '../../encoding/index.js'
import { readTlBytes, TL_IDS, type TlObject, type TlValue } from '../../encoding/tl/index.js'
import type { InferenceFinal, TokensUsed } from '../../runtime/ports/inference.js'

/** One message about one request. */
export type AnswerMessage =
  /** The head: a boxed http.response in `data`. */
  | {
      readonly kind: 'head'
      readonly requestId: Uint8Array
      readonly data: Uint8Array
      readonly final: InferenceFinal | undefined
    }
  /** Raw body bytes in `data`, possibly none. */
  | {
      readonly kind: 'part'
      readonly requestId: Uint8Array
      readonly data: Uint8Array
      readonly final: InferenceFinal | undefined
    }
  | {
      readonly kind: 'error'
      readonly requestId: Uint8Array
      readonly code: number
      readonly text: string
      readonly final: InferenceFinal | undefined
    }

/** Which answers there are, by their names: `client.queryAnswer[Part][Error][Ex]`. */
const ANSWER_NAME = /^client\.queryAnswer(Part)?(Error)?(Ex)?$/

/** Ids of what a proxy may send in a packet: answers, and statements about money. */
export const PACKET_IDS: ReadonlySet<number> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ Object.entries(TL_IDS)
    .filter(([name]) => ANSWER_NAME.test(name) || /^proxy\..+Payment/i.test(name))
    .map(([, id]) => id)
)

/** What the answers' fields are, all of them together. */
interface AnswerFields {
  readonly requestId: Uint8Array
  readonly answer: Uint8Array
  readonly errorCode: number
  readonly error: string
  readonly isCompleted?: boolean
  readonly requestTokensUsed: TlValue<'tokensUsed'>
  readonly finalInfo?: TlValue<'client.queryFinalInfo'>
}

/** The form of an answer object, or `undefined` when it is no answer. */
export function toAnswerMessage(object: TlObject): AnswerMessage | undefined {
  const name = ANSWER_NAME.exec(object.type)
  if (name === null) return undefined
  const [, part, isError, isEx] = name
  // Every one of them has its part of these fields; that is what the schema says, and the compiler cannot follow.
  const fields = object as TlObject & AnswerFields
  const { requestId, answer: data, errorCode: code, error: text, isCompleted = true } = fields
  const final = isEx ? finalOf(fields.finalInfo) : isCompleted ? legacyFinal(fields.requestTokensUsed) : undefined
  return isError
    ? { kind: 'error', requestId, code, text, final }
    : { kind: part ? 'part' : 'head', requestId, data, final }
}

/** What is said when no final message came. */
export const NO_FINAL: InferenceFinal = {
  tokensUsed: undefined,
  workerDebug: undefined,
  proxyDebug: undefined,
  times: undefined,
  complete: false
}

/** A final message whose figures could not be read. */
export const BARE_FINAL: InferenceFinal = { ...NO_FINAL, complete: true }

function legacyFinal(used: TlValue<'tokensUsed'>): InferenceFinal {
  return { ...BARE_FINAL, tokensUsed: tokensOf(used) }
}

function finalOf(info: TlValue<'client.queryFinalInfo'> | undefined): InferenceFinal | undefined {
  if (info === undefined) return undefined
  const {
    proxyStartTime: proxyStart,
    proxyEndTime: proxyEnd,
    workerStartTime: workerStart,
    workerEndTime: workerEnd
  } = info
  const timed =
    proxyStart !== undefined && proxyEnd !== undefined && workerStart !== undefined && workerEnd !== undefined
  return {
    tokensUsed: tokensOf(info.tokensUsed),
    workerDebug: info.workerDebug,
    proxyDebug: info.proxyDebug,
    times: timed ? { proxyStart, proxyEnd, workerStart, workerEnd } : undefined,
    complete: true
  }
}

function tokensOf(used: TlValue<'tokensUsed'>): TokensUsed {
  return {
    prompt: used.promptTokensUsed,
    cached: used.cachedTokensUsed,
    completion: used.completionTokensUsed,
    reasoning: used.reasoningTokensUsed,
    total: used.totalTokensUsed
  }
}

/** Most text of an error that is read from a message that does not parse, bytes. */
const MAX_SALVAGED_TEXT_BYTES = 4096

/**
 * Reads what matters of an Ex answer that the strict decoder refused: its `final_info` is advice, and a form of it that
 * this code does not know must not cost a complete answer.
 *
 * @returns `undefined` when the rest is broken as well; then `requestId` is still given where the message held one.
 */
export function salvageAnswer(bytes: Uint8Array): { requestId?: Uint8Array; message?: AnswerMessage } {
  let requestId: Uint8Array | undefined
  try {
    const reader = new ByteReader(bytes)
    const id = reader.u32le()
    const isError = id === TL_IDS['client.queryAnswerErrorEx']
    if (!isError && id !== TL_IDS['client.queryAnswerEx'] && id !== TL_IDS['client.queryAnswerPartEx']) return {}
    requestId = reader.take(32)
    const code = isError ? reader.i32le() : 0
    const data = readTlBytes(reader)
    // Without the final bit there is no advice to be lenient about: the message itself is broken.
    if ((reader.u32le() & 1) === 0) return { requestId }
    if (!isError) {
      const kind = id === TL_IDS['client.queryAnswerEx'] ? 'head' : 'part'
      return { requestId, message: { kind, requestId, data, final: BARE_FINAL } }
    }
    const text = decodeUtf8(data.subarray(0, MAX_SALVAGED_TEXT_BYTES))
    return { requestId, message: { kind: 'error', requestId, code, text, final: BARE_FINAL } }
  } catch {
    return requestId === undefined ? {} : { requestId }
  }
}
