/**
 * Loads the code for AMD evidence: peers on TDX never need it.
 *
 * @module
 */
import { lazily } from '../load.js'
import type * as Snp from './index.js'

/** @throws CocoonError `ERR_INTERNAL`, retryable. */
export const loadSnp: () => Promise<typeof Snp> = /* @__PURE__ */ lazily(() => import('./index.js'))
