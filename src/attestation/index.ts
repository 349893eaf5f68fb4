/**
 * Attestation: judges evidence, reports what was found. Nothing here imports a verifier statically: bundlers would load it
 * with whatever else is taken from this room.
 *
 * @module
 */
export type { CollateralCacheOptions } from './collateral/cache.js'
export type { HttpSourceOptions } from './collateral/bounded-fetch.js'
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
export {
  createProofBundle,
  tdxImageHash,
  verifyCertificate,
  verifyProofBundle,
  verifySnpReport,
  verifyTdxQuote
} from './on-demand.js'
export { type AttestationVerdictPolicy, createAttestationPolicy } from './policy/create-policy.js'
export type { AttestationPolicyOptions, ImageHashList } from './policy/options.js'
export type { AttestationPolicy, AttestationRules, SnpTcb, TcbStatus, TcbTolerance } from './policy/rules.js'
export { MAX_PROOF_BUNDLE_BYTES } from './proof-bundle-limit.js'
export type { ProofBundle, ProofEvidenceType, VerifyProofBundleOptions } from './proof-bundle.js'
export { refuseAll } from './refuse-all.js'
export { type CheckDescription, describeCheck } from './report/check-titles.js'
export { CHECK_IDS, type CheckId } from './report/checks.js'
export type { SnpCollateral } from './snp/collateral.js'
export type { SnpProductLine } from './snp/tcb.js'
export type { TdxCollateral } from './tdx/collateral.js'
export type { DevnetRoots, DevnetTrust } from './trust.js'
export type { VerifyOptions } from './verification.js'
export type { Collateral } from './verify.js'
