/**
 * Loads what every judgement needs.
 *
 * @module
 */
import { lazily } from './load.js'
import type * as Verifier from './verifier.js'

/** @throws CocoonError `ERR_INTERNAL`, retryable. */
export const loadVerifier: () => Promise<typeof Verifier> = /* @__PURE__ */ lazily(() => import('./verifier.js'))
