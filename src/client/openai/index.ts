/**
 * The OpenAI surface: `fetch` for OpenAI's paths, resources, request rules of the network, streams.
 *
 * @module
 */
export { createEventParser } from './event-parser.js'
export { isSealedBody } from './request-fields.js'
export * from './surface/index.js'
