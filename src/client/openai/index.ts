/**
 * The OpenAI surface: `fetch` for OpenAI's paths, resources, request rules of the network, streams.
 *
 * @module
 */
export { createCallBudget } from './call-budget.js'
export type { CallPromise } from './call-promise.js'
export { ChunkStream } from './chunk-stream.js'
export type { CreateFunction } from './create.js'
export { createEventParser } from './event-parser.js'
export { EmptyStreamError, TruncatedStreamError } from './errors.js'
export type { FetchFunction } from './fetch.js'
export type { CallFigures } from './figures.js'
export type { FileInput } from './multipart.js'
export type { AnswerLimits, CallDefaults, OpenAISurfaceOptions, RequestOptions } from './options.js'
export {
  type EndpointPath,
  type ObjectRule,
  PROTO_2_RULES,
  PROTO_3_RULES,
  type RequestRules,
  type Rule,
  type RulesOption
} from './rules/index.js'
export { isSealedBody } from './request-fields.js'
export { createOpenAISurface, type ModelOptions, type OpenAISurface } from './surface.js'
export type * from './types.js'
