/**
 * `cocoonkit/devnet`: a whole network on one machine, for tests and first steps. Node only; nothing in the library
 * imports it.
 *
 * @module
 */
export * from './devnet/index.js'
