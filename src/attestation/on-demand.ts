/**
 * The public verifiers, loaded by the first call: a page that has a policy and no peer yet does not pay for them.
 *
 * Each rejects with a retryable `ERR_INTERNAL` while its code cannot be loaded, and otherwise does what is said where it
 * is implemented. The part for AMD evidence is loaded from inside a verification, which never rejects: while that one cannot
 * be loaded, the report is refused by `verifier.internal`.
 *
 * @module
 */
import type { AttestationReport } from '../runtime/ports/verdict.js'
import { loadProofs } from './load-proofs.js'
import { loadVerifier } from './load-verifier.js'
import type { createProofBundle as create, ProofBundle, VerifyProofBundleOptions } from './proof-bundle.js'
import type { SnpCollateral } from './snp/collateral.js'
import type { TdxCollateral } from './tdx/collateral.js'
import type { VerifyOptions } from './verification.js'
import type { Collateral } from './verify.js'

/** Longest evidence that is worth a copy, bytes; what is longer is refused for its size. */
const MAX_COPIED_BYTES = 131_072

/**
 * Verifies a bare TDX quote.
 *
 * @param quote - Version 4 or 5.
 * @param collateral - Object or JSON text in the shape of Intel's tools.
 * @returns a report; its `verdict` is `verified` only when every enforced check passed. Never rejects because of its input.
 */
export async function verifyTdxQuote(
  quote: Uint8Array,
  collateral: TdxCollateral | string,
  options: VerifyOptions
): Promise<AttestationReport> {
  const evidence = copyOf(quote)
  return await (await loadVerifier()).verifyTdxQuote(evidence, collateral, options)
}

/**
 * Verifies a bare AMD SEV-SNP report; the VCEK comes with the collateral. Products without a root (docs/attestation.md,
 * "AMD") are refused by `snp.product`.
 *
 * @param report - 1184 bytes.
 * @returns as {@link verifyTdxQuote}.
 */
export async function verifySnpReport(
  report: Uint8Array,
  collateral: SnpCollateral | string,
  options: VerifyOptions
): Promise<AttestationReport> {
  const evidence = copyOf(report)
  return await (await loadVerifier()).verifySnpReport(evidence, collateral, options)
}

/**
 * Verifies a peer's certificate and the evidence in it. A certificate without evidence is refused whatever the policy says.
 *
 * @param certificate - DER, as the peer sent it.
 * @param collateral - For the evidence that the certificate carries.
 * @returns as {@link verifyTdxQuote}; the evidence hash of the report is that of the certificate.
 */
export async function verifyCertificate(
  certificate: Uint8Array,
  collateral: Collateral,
  options: VerifyOptions
): Promise<AttestationReport> {
  const evidence = copyOf(certificate)
  return await (await loadVerifier()).verifyCertificate(evidence, collateral, options)
}

/**
 * The network's image hash of a TDX quote: 64 lower-case hex digits. Reads the measurements only; it verifies nothing.
 *
 * @param quote - Quote of version 4 or 5.
 * @throws CocoonError `ERR_ENCODING` when there is no TDX body in it.
 */
export async function tdxImageHash(quote: Uint8Array): Promise<string> {
  return await (await loadVerifier()).tdxImageHash(quote)
}

/**
 * Verifies and writes the bundle of that verification, be its verdict what it may.
 *
 * @throws CocoonError `ERR_OPTIONS` when the parts are not what they should be, or too large.
 */
export async function createProofBundle(
  parts: Parameters<typeof create>[0],
  options: VerifyOptions
): Promise<ProofBundle> {
  return await (await loadProofs()).createProofBundle(parts, options)
}

/**
 * Runs a bundle again at the time it names. Offline; same report on every runtime.
 *
 * @param bundle - Object or JSON text of any origin.
 * @returns the report of the verification; a refused one by `bundle.format` or `bundle.report` when the bundle is broken or
 *   does not lead to the report that it names. Never rejects because of its input.
 */
export async function verifyProofBundle(
  bundle: unknown,
  options: VerifyProofBundleOptions = {}
): Promise<AttestationReport> {
  return await (await loadProofs()).verifyProofBundle(bundle, options)
}

/** Taken before anything is waited for: what the caller does with its bytes meanwhile changes nothing. */
function copyOf(evidence: Uint8Array): Uint8Array {
  try {
    return evidence instanceof Uint8Array && evidence.length <= MAX_COPIED_BYTES ? new Uint8Array(evidence) : evidence
  } catch {
    return evidence // a proxy around bytes; the verifier refuses it
  }
}
