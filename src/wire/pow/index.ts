/**
 * Proof of work in front of every connection: messages, rule, solver (protocol/wire.md §2).
 *
 * @module
 */
export {
  decodePowChallenge,
  decodePowResponse,
  encodePowChallenge,
  encodePowResponse,
  POW_RESPONSE_BYTES,
  type PowChallenge
} from './challenge.js'
export { verifyPow } from './nonce-search.js'
export { solvePowInWorker } from './solve-in-worker.js'
export { createPowModule, solvePowWith } from './solve-with-module.js'
export { DEFAULT_MAX_POW_DIFFICULTY_BITS, type PowProgress, solvePow, type SolvePowOptions } from './solve.js'
