/**
 * How large a proof bundle may be.
 *
 * @module
 */

/** Largest bundle, bytes of JSON text. */
export const MAX_PROOF_BUNDLE_BYTES = 64_000
