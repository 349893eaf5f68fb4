/**
 * The head of an answer: a boxed `http.response` whose headers are bounded before anything is made of them.
 *
 * Owns: the limits and the errors of a head. Refuses: meaning; headers are the inference server's and not to be believed.
 *
 * @module
 */
import { ByteReader } from '../../encoding/index.js'
import { decodeTl, readTlBytes, TL_IDS, type TlValue } from '../../encoding/tl/index.js'
import { CocoonError } from '../../errors.js'

/** Most headers of an answer; servers send a few dozen. */
const MAX_RESPONSE_HEADERS = 1000
/** Most bytes from the head's first to the end of its headers. */
const MAX_RESPONSE_HEAD_BYTES = 262_144

/**
 * Reads a head.
 *
 * @throws CocoonError `ERR_ANSWER_INVALID` for what does not parse or is something else, `ERR_ANSWER_TOO_LARGE` for more
 * headers than the limits allow. Both concern this answer only.
 */
export function readResponseHead(data: Uint8Array): TlValue<'http.response'> {
  if (exceedsLimits(data)) {
    const text = `the head of the answer has more than ${MAX_RESPONSE_HEADERS} headers or ${MAX_RESPONSE_HEAD_BYTES} bytes`
    throw new CocoonError('ERR_ANSWER_TOO_LARGE', text, { phase: 'answer', charged: 'unknown', httpStatus: 502 })
  }
  let response: ReturnType<typeof decodeTl>
  try {
    response = decodeTl(data)
  } catch (cause) {
    throw invalidAnswer('the head of the answer does not parse', cause)
  }
  if (response.type !== 'http.response') throw invalidAnswer('the head of the answer is no HTTP response')
  return response
}

/** An answer that is not what the protocol allows. */
export function invalidAnswer(text: string, cause?: unknown): CocoonError {
  return new CocoonError('ERR_ANSWER_INVALID', text, { phase: 'answer', charged: 'unknown', cause })
}

/** Walks over the headers without copying: `id:u32 version:string status:i32 reason:string count:u32 (name value)*`. */
function exceedsLimits(data: Uint8Array): boolean {
  const reader = new ByteReader(data)
  try {
    if (reader.u32le() !== TL_IDS['http.response']) return false
    readTlBytes(reader)
    reader.skip(4)
    readTlBytes(reader)
    const count = reader.u32le()
    if (count > MAX_RESPONSE_HEADERS) return true
    for (let text = 0; text < count * 2; text++) readTlBytes(reader)
    return reader.offset > MAX_RESPONSE_HEAD_BYTES
  } catch {
    // The strict decoder says what is wrong.
    return false
  }
}
