/**
 * What `fetch` answers with, and the list of models. An index of its own, loaded by the first of these calls; the gateway,
 * which makes Responses of its own, imports it.
 *
 * @module
 */
export { answerCall } from './answer-call.js'
export { errorResponse } from './error-response.js'
export { listModels, retrieveModel } from './models.js'
export { type CallOutcome, outcomeOf } from './outcome.js'
