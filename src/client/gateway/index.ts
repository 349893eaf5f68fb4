/**
 * The gateway transport: `fetch` and whatever body comes back. No encryption (the layer above), no JSON of answers (the
 * surface).
 *
 * @module
 */
export { type GatewayEndpoint, parseEndpoint } from './endpoint.js'
export type { GatewayHeaders, GatewayOptions } from './options.js'
