/**
 * Devnet workers.
 *
 * @module
 */
export type { WorkerBehaviour } from './body-filter.js'
export { dumpJson, emptyObject, JsonFloat, parseJson, type JsonObject, type JsonValue } from './json.js'
export { ZERO_TOKENS, type WorkerFinal, type WorkerStep } from './steps.js'
export { DevnetWorker, type WorkerQuery, type WorkerSettings } from './worker.js'
