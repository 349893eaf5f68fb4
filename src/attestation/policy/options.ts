/**
 * What a policy for connections is made from.
 *
 * @module
 */
import type { CollateralCacheOptions } from '../collateral/cache.js'
import type { CollateralSource } from '../collateral/source.js'
import type { DevnetTrust } from '../trust.js'
import type { AttestationPolicy } from './rules.js'

/** Image hashes with the way they were learnt. */
export interface ImageHashList {
  readonly imageHashes: readonly string[]
  /** Lines for the report, e.g. `image hashes: root contract EQ…, quorum of 3`. */
  readonly provenance: readonly string[]
}

/** Options of `createAttestationPolicy`. */
export interface AttestationPolicyOptions extends Omit<AttestationPolicy, 'imageHashes'>, CollateralCacheOptions {
  /** Accepted image hashes: a list, or a function that is asked on every judgement (a registry). */
  readonly imageHashes: readonly string[] | (() => ImageHashList | Promise<ImageHashList>)
  /** Where collateral comes from. */
  readonly collateral: CollateralSource
  /** Longest reuse of a verdict, milliseconds. Default 1 h. */
  readonly maxVerdictAgeMs?: number | undefined
  /** Roots of a devnet in place of the vendors'. Only `fromDevnet` makes such an object. */
  readonly trust?: DevnetTrust | undefined
}
