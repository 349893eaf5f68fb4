/**
 * Loads the code for proof bundles.
 *
 * @module
 */
import { lazily } from './load.js'
import type * as Proofs from './proof-bundle.js'

/** @throws CocoonError `ERR_INTERNAL`, retryable. */
export const loadProofs: () => Promise<typeof Proofs> = /* @__PURE__ */ lazily(() => import('./proof-bundle.js'))
