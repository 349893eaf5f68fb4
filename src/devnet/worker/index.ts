/**
 * Devnet workers.
 *
 * @module
 */
export type { WorkerBehaviour } from './body-filter.js'
export { dumpJson, JsonFloat } from './json.js'
export { ZERO_TOKENS, type WorkerFinal, type WorkerStep } from './steps.js'
export { DevnetWorker } from './worker.js'
