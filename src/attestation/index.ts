/**
 * Attestation: judges evidence, reports what was found.
 *
 * @module
 */
export { refuseAll } from './refuse-all.js'
export { type CheckId, CHECK_IDS, describeCheck } from './report/checks.js'
