/**
 * Attestation: judges evidence, reports what was found.
 *
 * @module
 */
export { type CollateralCacheOptions } from './collateral/cache.js'
export { type HttpSourceOptions } from './collateral/bounded-fetch.js'
export { intelPcs, type IntelPcsOptions, pccs } from './collateral/intel.js'
export { type AskRelay, collateralRelay, staticCollateral } from './collateral/relay.js'
export type { CollateralRequest, CollateralSource } from './collateral/source.js'
export {
  type DevnetClientOptions,
  type DevnetDescription,
  devnetMoney,
  type DevnetSource,
  devnetTrust,
  fromDevnet
} from './devnet-description.js'
export type {
  DevnetChainDescription,
  DevnetMoney,
  DevnetPricesDescription,
  DevnetWalletDescription
} from './devnet-money.js'
export { tdxImageHash } from './image-hash.js'
export {
  type AttestationPolicyOptions,
  type AttestationVerdictPolicy,
  createAttestationPolicy,
  type ImageHashList
} from './policy/create-policy.js'
export type { AttestationPolicy, AttestationRules, SnpTcb, TcbStatus, TcbTolerance } from './policy/rules.js'
export {
  createProofBundle,
  MAX_PROOF_BUNDLE_BYTES,
  type ProofBundle,
  type ProofEvidenceType,
  verifyProofBundle,
  type VerifyProofBundleOptions
} from './proof-bundle.js'
export { refuseAll } from './refuse-all.js'
export { type CheckDescription, describeCheck } from './report/check-titles.js'
export { CHECK_IDS, type CheckId } from './report/checks.js'
export type { SnpCollateral } from './snp/collateral.js'
export type { SnpProductLine } from './snp/tcb.js'
export type { TdxCollateral } from './tdx/collateral.js'
export { createDevnetTrust, type DevnetRoots, type DevnetTrust } from './trust.js'
export type { VerifyOptions } from './verification.js'
export { type Collateral, verifyCertificate, verifySnpReport, verifyTdxQuote } from './verify.js'
