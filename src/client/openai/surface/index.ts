/**
 * The surface as the client and the root entry know it: all that is loaded at once. The index beside it adds what is loaded
 * by the first request.
 *
 * @module
 */
export { createCallBudget } from '../call-budget.js'
export type { CallPromise } from '../call-promise.js'
export { ChunkStream } from '../chunk-stream.js'
export type { CreateFunction } from '../create.js'
export { EmptyStreamError, TruncatedStreamError } from '../errors.js'
export type { FetchFunction } from '../fetch.js'
export type { CallFigures } from '../figures.js'
export type { FileInput } from '../multipart.js'
export type { AnswerLimits, CallDefaults, OpenAISurfaceOptions, RequestOptions } from '../options.js'
export { PROTO_2_RULES } from '../rules/proto-2.js'
export { PROTO_3_RULES } from '../rules/proto-3.js'
export type { RulesOption } from '../rules/index.js'
export type { EndpointPath, ObjectRule, RequestRules, Rule } from '../rules/rules.js'
export { loadPart } from '../load-part.js'
export { createOpenAISurface, type ModelOptions, type OpenAISurface } from '../surface.js'
export type * from '../types.js'
