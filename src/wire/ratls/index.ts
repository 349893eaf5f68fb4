/**
 * Connects to a peer and proves it: proof of work → TLS → verdict, in that order. Yields bytes only after the verdict.
 *
 * @module
 */
export { AttestationRefusedError } from '../../runtime/ports/attestation-refused-error.js'
export { connectRatls } from './connect.js'
export { type RatlsConnection, type RatlsEvent, type RatlsOptions } from './types.js'
