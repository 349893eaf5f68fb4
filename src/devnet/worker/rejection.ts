/**
 * How a worker refuses a request, and what it makes of one that it accepts.
 *
 * @module
 */
import type { JsonObject } from './json.js'

/** A refusal by a worker; travels as queryAnswerErrorEx. Never leaves the devnet as an exception. */
export class WorkerRejection extends Error {
  /** TON code: 602, 621, 652 or 0. */
  readonly code: number

  constructor(code: number, text: string) {
    super(text)
    this.name = 'WorkerRejection'
    this.code = code
  }
}

/** A request as it goes to the inference server. */
export interface RewrittenRequest {
  readonly body: Uint8Array
  readonly stream: boolean
  /** The JSON body or the parts of a form as strings; for the built-in upstream. */
  readonly json: JsonObject
}
