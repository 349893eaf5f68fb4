/**
 * `cocoonkit/attestation`: verifies TDX quotes, SEV-SNP reports and the certificates that carry them, and makes the policies
 * that connections are judged with. Nothing here can be told to skip a check.
 *
 * @module
 */
export {
  type AskRelay,
  type AttestationPolicy,
  type AttestationPolicyOptions,
  type AttestationRules,
  type AttestationVerdictPolicy,
  CHECK_IDS,
  type CheckDescription,
  type CheckId,
  type Collateral,
  type CollateralCacheOptions,
  collateralRelay,
  type CollateralRequest,
  type CollateralSource,
  createAttestationPolicy,
  createProofBundle,
  describeCheck,
  type DevnetClientOptions,
  type DevnetDescription,
  type DevnetSource,
  devnetTrust,
  type DevnetTrust,
  fromDevnet,
  type HttpSourceOptions,
  type ImageHashList,
  intelPcs,
  type IntelPcsOptions,
  MAX_PROOF_BUNDLE_BYTES,
  pccs,
  type ProofBundle,
  type ProofEvidenceType,
  refuseAll,
  type SnpCollateral,
  type SnpProductLine,
  type SnpTcb,
  staticCollateral,
  type TcbStatus,
  type TcbTolerance,
  type TdxCollateral,
  tdxImageHash,
  verifyCertificate,
  verifyProofBundle,
  type VerifyProofBundleOptions,
  type VerifyOptions,
  verifySnpReport,
  verifyTdxQuote
} from './attestation/index.js'
export type {
  AttestationCheck,
  AttestationReport,
  AttestationResidual,
  CheckOutcome,
  EvidenceKind,
  PeerEvidence,
  Verdict,
  VerdictPolicy
} from './runtime/ports/verdict.js'
