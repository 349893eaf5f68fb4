/**
 * Proof bundles: evidence, collateral, policy and time of one verification in one JSON document, so that anybody can run
 * it again without network and arrive at the same report. A bundle proves nothing by being one; running it does.
 *
 * @module
 */
import { bytesToHex, decodeBase64, encodeBase64, hexToBytes } from '../encoding/index.js'
import { CocoonError } from '../errors.js'
import type { AttestationReport } from '../runtime/ports/verdict.js'
import { parseStrictJson } from './collateral/strict-json.js'
import { MAX_PROOF_BUNDLE_BYTES } from './proof-bundle-limit.js'
import { Findings } from './report/findings.js'
import { buildReport } from './report/report.js'
import { type SnpCollateral, snapshotSnpCollateral } from './snp/collateral.js'
import { snapshotTdxCollateral, type TdxCollateral } from './tdx/collateral.js'
import type { DevnetTrust } from './trust.js'
import { type AttestationPolicy, examinePolicy, type AttestationRules } from './policy/rules.js'
import type { VerifyOptions } from './verification.js'
import { verifyCertificate, verifySnpReport, verifyTdxQuote } from './verify.js'

/** What kind of evidence a bundle holds. */
export type ProofEvidenceType = 'certificate' | 'tdx-quote' | 'snp-report'

/** A bundle; plain JSON data, at most 64,000 bytes as text. Schema: docs/schemas/attestation-proof.v1.json. */
export interface ProofBundle {
  readonly schema: 'cocoonkit.attestation-proof.v1'
  readonly type: ProofEvidenceType
  /** Base64. */
  readonly evidence: string
  readonly collateral: TdxCollateral | SnpCollateral
  /** ISO 8601 UTC. */
  readonly judgedAt: string
  readonly policy: AttestationRules
  readonly provenance: readonly string[]
  /** Hex; only where a bare quote or report was judged against a key. */
  readonly publicKey?: string
  /** Id of the report that a verification leads to. */
  readonly reportId: string
}

const SCHEMA = 'cocoonkit.attestation-proof.v1'

/**
 * Verifies and writes the bundle of that verification, be its verdict what it may.
 *
 * @throws CocoonError `ERR_OPTIONS` when the parts are not what they should be, or too large.
 */
export async function createProofBundle(
  parts: {
    readonly type: ProofEvidenceType
    readonly evidence: Uint8Array
    readonly collateral: TdxCollateral | SnpCollateral | string
  },
  options: VerifyOptions
): Promise<ProofBundle> {
  const { type, evidence } = parts
  let bundle: ProofBundle
  try {
    const isSnp = typeof parts.collateral === 'object' && 'cert_chain' in parts.collateral
    const collateral = isSnp ? snapshotSnpCollateral(parts.collateral) : snapshotTdxCollateral(parts.collateral)
    const policy = examinePolicy(new Findings(), options.policy)
    const report = await verifyByType(type, evidence, collateral, options)
    bundle = {
      schema: SCHEMA,
      type,
      evidence: encodeBase64(evidence),
      collateral,
      judgedAt: options.now.toISOString(),
      policy,
      provenance: options.provenance ?? ['image hashes: given by the caller'],
      ...(options.publicKey === undefined ? {} : { publicKey: bytesToHex(options.publicKey) }),
      reportId: report.id
    }
  } catch (error) {
    throw new CocoonError('ERR_OPTIONS', 'the parts do not make a proof bundle', { phase: 'attestation', cause: error })
  }
  if (JSON.stringify(bundle).length > MAX_PROOF_BUNDLE_BYTES) {
    throw new CocoonError('ERR_OPTIONS', `a proof bundle holds at most ${MAX_PROOF_BUNDLE_BYTES} bytes`, {
      phase: 'attestation'
    })
  }
  return bundle
}

/** How to run a bundle. */
export interface VerifyProofBundleOptions {
  /** Roots of a devnet in place of the vendors'. */
  readonly trust?: DevnetTrust | undefined
  /** Judge by these image hashes instead of the bundle's own. The report then has its own id, and need not match the bundle's. */
  readonly imageHashes?: readonly string[] | undefined
}

/**
 * Runs a bundle again at the time it names. Offline; same report on every runtime.
 *
 * @param bundle - Object or JSON text of any origin.
 * @returns the report of the verification; a refused one by `bundle.format` or `bundle.report` when the bundle is broken or
 *   does not lead to the report that it names. Never rejects.
 */
export async function verifyProofBundle(
  bundle: unknown,
  options: VerifyProofBundleOptions = {}
): Promise<AttestationReport> {
  const findings = new Findings()
  const read = await findings.stage(() => findings.parse('bundle.format', 'shape and size', () => readBundle(bundle)))
  if (read === undefined) return await refusedBundle(findings, new Uint8Array(0), undefined)
  const { type, evidence, collateral, now, policy, provenance, publicKey, reportId } = read
  const imageHashes = options.imageHashes ?? policy.imageHashes
  const judged = { now, policy: { ...policy, imageHashes }, provenance, publicKey, trust: options.trust }
  const report = await verifyByType(type, evidence, collateral, judged)
  if (options.imageHashes !== undefined || report.id === reportId) return report
  findings.check('bundle.report', false, `named ${reportId}, found ${report.id} (${report.verdict})`)
  return await refusedBundle(findings, evidence, now)
}

async function refusedBundle(
  findings: Findings,
  evidence: Uint8Array,
  judgedAt: Date | undefined
): Promise<AttestationReport> {
  return await buildReport(findings, { kind: 'none', evidence, judgedAt, trust: [], scope: ['bundle.'] })
}

async function verifyByType(
  type: ProofEvidenceType,
  evidence: Uint8Array,
  collateral: TdxCollateral | SnpCollateral,
  options: VerifyOptions
): Promise<AttestationReport> {
  if (type === 'certificate') return await verifyCertificate(evidence, collateral, options)
  return type === 'tdx-quote'
    ? await verifyTdxQuote(evidence, collateral as TdxCollateral, options)
    : await verifySnpReport(evidence, collateral as SnpCollateral, options)
}

interface ReadBundle {
  readonly type: ProofEvidenceType
  readonly evidence: Uint8Array
  readonly collateral: TdxCollateral | SnpCollateral
  readonly now: Date
  readonly policy: AttestationPolicy
  readonly provenance: readonly string[]
  readonly publicKey: Uint8Array | undefined
  readonly reportId: string
}

/** @throws Error or CocoonError for anything that is not a bundle. */
function readBundle(value: unknown): ReadBundle {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text === undefined || text.length > MAX_PROOF_BUNDLE_BYTES) throw new Error('size')
  const bundle = parseStrictJson(text) as Record<string, unknown> | null
  if (typeof bundle !== 'object' || bundle === null || bundle['schema'] !== SCHEMA) throw new Error('schema')
  const { type, evidence, collateral, judgedAt, policy, provenance, publicKey, reportId } = bundle
  if (type !== 'certificate' && type !== 'tdx-quote' && type !== 'snp-report') throw new Error('type')
  if (!Array.isArray(provenance) || provenance.length > 16) throw new Error('provenance')
  const isSnp = typeof collateral === 'object' && collateral !== null && 'cert_chain' in collateral
  const now = new Date(asText(judgedAt))
  if (now.toISOString() !== judgedAt) throw new Error('judgedAt')
  return {
    type,
    evidence: decodeBase64(asText(evidence)),
    collateral: isSnp ? snapshotSnpCollateral(collateral) : snapshotTdxCollateral(collateral),
    now,
    policy: examinePolicy(new Findings(), policy) as AttestationPolicy,
    provenance: provenance.map(asText),
    publicKey: publicKey === undefined ? undefined : hexToBytes(asText(publicKey)),
    reportId: asText(reportId)
  }
}

function asText(value: unknown): string {
  if (typeof value !== 'string') throw new Error('not a text')
  return value
}
