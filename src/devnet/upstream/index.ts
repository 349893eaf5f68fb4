/**
 * Where a devnet worker's answers come from.
 *
 * @module
 */
export { createGenerator, GENERATOR_INTRODUCTION } from './generator.js'
export { createHttpUpstream } from './http.js'
export type { Upstream, UpstreamRequest, UpstreamResponse } from './types.js'
