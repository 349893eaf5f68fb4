/**
 * Attestation: judges evidence, reports what was found.
 *
 * @module
 */
export { tdxImageHash } from './image-hash.js'
export type { AttestationPolicy, AttestationRules, SnpTcb, TcbStatus, TcbTolerance } from './policy/rules.js'
export { refuseAll } from './refuse-all.js'
export { type CheckId, CHECK_IDS, describeCheck } from './report/checks.js'
export type { SnpCollateral } from './snp/collateral.js'
export type { TdxCollateral } from './tdx/collateral.js'
export { createDevnetTrust, type DevnetRoots, type DevnetTrust } from './trust.js'
export type { VerifyOptions } from './verification.js'
export { type Collateral, verifyCertificate, verifySnpReport, verifyTdxQuote } from './verify.js'
