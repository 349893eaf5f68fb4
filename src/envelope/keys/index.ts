/**
 * Public keys alone: who only looks at an envelope's keys should not load what encrypts.
 *
 * @module
 */
export { parsePublicKey } from '../public-key.js'
