/**
 * The verifier as one part: everything that is needed once there is a peer to judge.
 *
 * @module
 */
export { tdxImageHash } from './image-hash.js'
export { Judge } from './policy/judge.js'
export { verifyCertificate, verifySnpReport, verifyTdxQuote } from './verify.js'
