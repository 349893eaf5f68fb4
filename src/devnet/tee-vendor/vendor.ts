/**
 * The TEE vendor of a devnet: evidence for its proxies, and what a client needs to verify it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { DevnetDescription } from '../../attestation/index.js'
import { encodeBase64 } from '../../encoding/index.js'
import { type CertificateExtension } from '../../encoding/x509/index.js'
import { CocoonError } from '../../errors.js'
import { fakeTdxEvidence, fakeTdxEvidence2025, type EvidenceMaker } from '../server/certificate.js'
import { SNP_TCB, SyntheticAmd } from './amd.js'
import type { CertificateFault, EvidenceTarget } from './certificate-faults.js'
import { SNP_FAULTS, TDX_FAULTS } from './faults.js'
import { EVALUATION_DATA_NUMBER, SyntheticIntel } from './intel.js'
import { imageHashOf, SNP_MEASUREMENT, TDX_MEASUREMENTS } from './platform.js'

/** Kinds of evidence that a devnet's proxies can present. */
export type TeeKind = 'tdx' | 'snp' | 'fake' | 'none'

/** What evidence the proxies present, and what is wrong with it. */
export interface DevnetTeeOptions {
  /** Default `tdx`. `fake` is what test networks of the reference show; it verifies nowhere. */
  readonly kind?: TeeKind | undefined
  /** Name out of `DEVNET_TEE_FAULTS`; only for `tdx` and `snp`. Default none: everything verifies. */
  readonly fault?: string | undefined
  /** Form of TDX quotes: 4 with a TD 1.0 report, 5 with a TD 1.5 report. Default 4. */
  readonly quoteVersion?: 4 | 5 | undefined
  /** Product name in the VCEK. Default `Milan-B0`. */
  readonly product?: string | undefined
}

/** Names of faults with their meaning and the check that refuses them, by kind of evidence. */
export interface TeeFaultDescription {
  readonly kind: 'tdx' | 'snp'
  readonly name: string
  readonly meaning: string
  /** `undefined` for the one name that means no fault. */
  readonly expected: string | undefined
}

/** Every fault that `DevnetOptions.tee` takes. */
export const DEVNET_TEE_FAULTS: readonly TeeFaultDescription[] = [
  ...describeFaults('tdx', TDX_FAULTS),
  ...describeFaults('snp', SNP_FAULTS)
]

/** Roots, collateral and policy, as a description carries them. */
export type DescribedAttestation = DevnetDescription['attestation']

/** Makes evidence and what it verifies against. */
export interface TeeVendor {
  readonly evidence: EvidenceMaker
  readonly certificateFault: CertificateFault
  /** Image hashes that the proxies ought to have. */
  readonly imageHashes: readonly string[]
  describe(): DescribedAttestation
}

/**
 * Makes a vendor. For `snp` it takes some 100 ms, for RSA keys; else a few.
 *
 * @throws CocoonError `ERR_OPTIONS` for an unknown kind or fault.
 */
export function createTeeVendor(
  options: DevnetTeeOptions,
  nowMs: number,
  networkVersion: 'dec-2025' | 'apr-2026'
): TeeVendor {
  const { kind = 'tdx', fault } = options
  if (kind === 'snp') return createAmd(options, nowMs)
  const found = kind === 'tdx' && fault !== undefined ? TDX_FAULTS.get(fault) : undefined
  if (fault !== undefined && found === undefined) throw unknownFault(kind, fault)
  const intel = new SyntheticIntel(nowMs, { quoteVersion: options.quoteVersion ?? 4, ...found?.recipe })
  const makers: Readonly<Record<'tdx' | 'fake' | 'none', EvidenceMaker>> = {
    tdx: faulty(found?.certificate, ({ boundKey, claimedKey }) => [
      { oid: '1.3.6.1.4.1.12345.1', critical: true, value: intel.quoteFor(boundKey) },
      { oid: '1.3.6.1.4.1.12345.2', critical: true, value: claimedKey }
    ]),
    fake: networkVersion === 'dec-2025' ? fakeTdxEvidence2025 : fakeTdxEvidence,
    none: () => []
  }
  if (!Object.hasOwn(makers, kind))
    throw new CocoonError('ERR_OPTIONS', 'unknown kind of evidence', { phase: 'options', field: 'tee.kind' })
  return {
    evidence: makers[kind],
    certificateFault: found?.certificate ?? {},
    imageHashes: IMAGE_HASHES,
    describe: () => describeAttestation(intel, undefined)
  }
}

function createAmd({ fault, product }: DevnetTeeOptions, nowMs: number): TeeVendor {
  const found = fault === undefined ? undefined : SNP_FAULTS.get(fault)
  if (fault !== undefined && found === undefined) throw unknownFault('snp', fault)
  const amd = new SyntheticAmd(nowMs, { ...(product === undefined ? {} : { product }), ...found?.recipe })
  const evidence = faulty(found?.certificate, ({ boundKey, claimedKey }) => {
    const { report, vcekPem } = amd.evidenceFor(boundKey)
    const { reportData } = amd.evidenceFor(claimedKey)
    return [
      { oid: '1.3.6.1.4.1.12345.100', critical: true, value: reportData },
      { oid: '1.3.6.1.4.1.12345.101', critical: true, value: report },
      { oid: '1.3.6.1.4.1.12345.102', critical: true, value: vcekPem }
    ]
  })
  const intel = new SyntheticIntel(nowMs)
  return {
    evidence,
    certificateFault: found?.certificate ?? {},
    imageHashes: IMAGE_HASHES,
    describe: () => describeAttestation(intel, amd)
  }
}

/** Both kinds, so that one policy serves every devnet. */
const IMAGE_HASHES: readonly string[] = [imageHashOf(TDX_MEASUREMENTS), imageHashOf(SNP_MEASUREMENT)]

function faulty(
  fault: CertificateFault = {},
  make: (target: EvidenceTarget) => readonly CertificateExtension[]
): EvidenceMaker {
  return (publicKey) => {
    const own = { boundKey: publicKey, claimedKey: publicKey }
    const extensions = make(fault.target?.(publicKey, new Uint8Array(randomBytes(32))) ?? own)
    return fault.changeExtensions?.(extensions) ?? extensions
  }
}

function describeAttestation(intel: SyntheticIntel, amd: SyntheticAmd | undefined): DescribedAttestation {
  const { bootloader, tee, snp, microcode } = SNP_TCB
  const collateral = amd === undefined ? [intel.collateral] : [intel.collateral, amd.collateral]
  return {
    roots: {
      intel: encodeBase64(intel.rootDer),
      ...(amd === undefined ? {} : { amd: { [amd.line]: encodeBase64(amd.rootDer) } })
    },
    collateral: collateral.filter(isObject),
    policy: {
      imageHashes: IMAGE_HASHES,
      minTcbEvaluationDataNumber: EVALUATION_DATA_NUMBER,
      minSnpTcb: { bootloader, tee, snp, microcode }
    }
  }
}

/** A fault may leave nothing of the collateral, or a broken piece: that is for the verifier to find. */
function isObject(item: unknown): item is DescribedAttestation['collateral'][number] {
  return typeof item === 'object' && item !== null
}

function describeFaults(
  kind: 'tdx' | 'snp',
  table: ReadonlyMap<string, { readonly meaning: string; readonly expected: string | undefined }>
): readonly TeeFaultDescription[] {
  return [...table].map(([name, { meaning, expected }]) => ({ kind, name, meaning, expected }))
}

function unknownFault(kind: string, fault: string): CocoonError {
  const message = `no fault ${JSON.stringify(fault.slice(0, 64))} for evidence of kind ${kind.slice(0, 16)}`
  return new CocoonError('ERR_OPTIONS', message, {
    phase: 'options',
    field: 'tee.fault',
    remedy: 'DEVNET_TEE_FAULTS lists them.'
  })
}
