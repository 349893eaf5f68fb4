/**
 * A synthetic AMD: ARK, ASK and the VCEK of one chip, a CRL, and SEV-SNP reports that verify below its root. RSA keys take
 * a while to make, so a vendor is made only when one is asked for.
 *
 * Source: v3.md §6.4; AMD 57230 (VCEK extensions), AMD 56860 (ATTESTATION_REPORT).
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { SnpCollateral } from '../../attestation/index.js'
import { DER_TAG, derText, derUnsigned } from '../../encoding/der/index.js'
import { bytesToHex, encodeUtf8 } from '../../encoding/index.js'
import { type CertificateExtension, encodeCertificatePem, type NameAttribute } from '../../encoding/x509/index.js'
import {
  createKey,
  issueCertificate,
  issueCrl,
  type IssuedCertificate,
  signRaw,
  type Validity,
  type VendorKey
} from './issue.js'
import { PLATFORM, SNP_MEASUREMENT } from './platform.js'
import type { CertificateFlaw, Edit } from './tdx-recipe.js'

/** Product lines with a root of their own. */
export type AmdLine = 'Milan' | 'Genoa' | 'Turin'

/** Deviations from the good case. Every field: absent = as it should be. */
export interface SnpRecipe {
  /** Product name in the VCEK, with stepping as AMD writes it. Default `Milan-B0`. */
  readonly product?: string
  /** Edits the report before it is signed; offsets of v3.md §6.4. */
  readonly editReport?: Edit
  /** Edits the finished report. */
  readonly editSignedReport?: Edit
  readonly vcek?: CertificateFlaw & {
    readonly withoutExtensions?: boolean
    readonly isForeign?: boolean
    /** Patch level of the SNP firmware in the certificate. */
    readonly snpLevel?: number
    readonly changePem?: (text: string) => string
  }
  readonly revoked?: boolean
  readonly isCrlStale?: boolean
  readonly isCrlForged?: boolean
  /** Changes the finished collateral. */
  readonly changeCollateral?: (collateral: SnpCollateral) => unknown
}

/** Report with what a certificate carries beside it. */
export interface SnpEvidence {
  readonly reportData: Uint8Array
  readonly report: Uint8Array
  readonly vcekPem: Uint8Array
}

/** Firmware levels of the synthetic chip. */
export const SNP_TCB = { bootloader: 4, tee: 0, snp: 24, microcode: 219 } as const

/** Offsets in a report (v3.md §6.4). */
export const SNP_OFFSET = {
  policy: 8,
  vmpl: 48,
  algorithm: 52,
  currentTcb: 56,
  flags: 72,
  measurement: 144,
  reportedTcb: 384,
  chipId: 416,
  committedTcb: 480
} as const

const AMD = '1.3.6.1.4.1.3704.1'
const SIGNED_BYTES = 672
const REPORT_BYTES = 1184
const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS
const TURIN_CHIP_ID_BYTES = 8

const rsaKeys = new Map<string, VendorKey>()

/** RSA keys are made once per process and role; roots still differ from devnet to devnet, as certificates. */
function rsaKey(role: 'ark' | 'ask' | 'stranger'): VendorKey {
  const key = rsaKeys.get(role) ?? createKey('RSA')
  rsaKeys.set(role, key)
  return key
}

/** A vendor with one chip. */
export class SyntheticAmd {
  readonly #recipe: SnpRecipe
  readonly #nowMs: number
  readonly #vcekKey = createKey('P-384')
  readonly #ark: IssuedCertificate
  readonly #vcekPem: string
  /** Line whose root certifies the chip. */
  readonly line: AmdLine
  /** In the good case a {@link SnpCollateral}. */
  readonly collateral: unknown

  constructor(nowMs: number, recipe: SnpRecipe = {}) {
    this.#nowMs = nowMs
    this.#recipe = recipe
    this.line = lineOf(recipe.product ?? 'Milan-B0')
    this.#ark = this.#createRoot(rsaKey('ark'))
    const ask = this.#createIntermediate(this.#ark, rsaKey('ask'))
    const issuer =
      recipe.vcek?.isForeign === true
        ? this.#createIntermediate(this.#createRoot(rsaKey('stranger')), rsaKey('stranger'))
        : ask
    const pem = encodeCertificatePem(this.#issueVcek(issuer).der)
    this.#vcekPem = recipe.vcek?.changePem?.(pem) ?? pem
    const collateral = this.#createCollateral(ask)
    this.collateral = recipe.changeCollateral === undefined ? collateral : recipe.changeCollateral(collateral)
  }

  /** The ARK, DER. */
  get rootDer(): Uint8Array {
    return this.#ark.der
  }

  /** Evidence for a TLS key. @param reportData - Default: SHA-512 of the key. */
  evidenceFor(publicKey: Uint8Array, reportData: Uint8Array = sha512(publicKey)): SnpEvidence {
    const report = unsignedReport(reportData, this.line)
    this.#recipe.editReport?.(report)
    const signature = signRaw(this.#vcekKey, report.subarray(0, SIGNED_BYTES))
    report.set(signature.slice(0, 48).toReversed(), SIGNED_BYTES)
    report.set(signature.slice(48).toReversed(), SIGNED_BYTES + 72)
    this.#recipe.editSignedReport?.(report)
    return { reportData, report, vcekPem: encodeUtf8(this.#vcekPem) }
  }

  #createRoot(key: VendorKey): IssuedCertificate {
    return issueCertificate({ name: name(`ARK-${this.line}`), key, pathLength: 1, ...this.#validity({}) })
  }

  #createIntermediate(root: IssuedCertificate, key: VendorKey): IssuedCertificate {
    return issueCertificate({ name: name(`SEV-${this.line}`), key, pathLength: 0, ...this.#validity({}) }, root)
  }

  #issueVcek(issuer: IssuedCertificate): IssuedCertificate {
    const { vcek: flaw = {}, product = 'Milan-B0' } = this.#recipe
    return issueCertificate(
      {
        name: name(flaw.name ?? 'SEV-VCEK'),
        key: this.#vcekKey,
        extensions:
          flaw.withoutExtensions === true ? [] : vcekExtensions(product, this.line, flaw.snpLevel ?? SNP_TCB.snp),
        ...this.#validity(flaw)
      },
      issuer,
      flaw.isForged === true ? rsaKey('stranger') : undefined
    )
  }

  #createCollateral(ask: IssuedCertificate): SnpCollateral {
    const { revoked, isCrlStale, isCrlForged } = this.#recipe
    const thisUpdateMs = this.#nowMs - (isCrlStale === true ? 31 : 1) * DAY_MS
    const forger: VendorKey | undefined = isCrlForged === true ? rsaKey('stranger') : undefined
    const content = {
      thisUpdateMs,
      nextUpdateMs: thisUpdateMs + 30 * DAY_MS,
      revoked: revoked === true ? [ask.serial] : []
    }
    return {
      cert_chain: encodeCertificatePem(ask.der) + encodeCertificatePem(this.#ark.der),
      crl: bytesToHex(issueCrl(this.#ark, content, forger))
    }
  }

  #validity({ isExpired }: CertificateFlaw): Validity {
    const notAfterMs = this.#nowMs + (isExpired === true ? -DAY_MS : 7 * YEAR_MS)
    return { notBeforeMs: this.#nowMs - YEAR_MS, notAfterMs }
  }
}

function lineOf(product: string): AmdLine {
  if (product.startsWith('Turin')) return 'Turin'
  return product.startsWith('Genoa') || product.startsWith('Siena') ? 'Genoa' : 'Milan'
}

function name(commonName: string): readonly NameAttribute[] {
  return [
    { oid: '2.5.4.6', text: 'XX' },
    { oid: '2.5.4.10', text: 'cocoonkit devnet, not AMD' },
    { oid: '2.5.4.3', text: commonName }
  ]
}

function vcekExtensions(product: string, line: AmdLine, snpLevel: number): readonly CertificateExtension[] {
  const level = (suffix: string, value: number): CertificateExtension => ({
    oid: `${AMD}.${suffix}`,
    critical: false,
    value: derUnsigned(value)
  })
  const chipId = line === 'Turin' ? PLATFORM.chipId.subarray(0, TURIN_CHIP_ID_BYTES) : PLATFORM.chipId
  return [
    level('1', 0),
    { oid: `${AMD}.2`, critical: false, value: derText(DER_TAG.ia5String, product) },
    ...(line === 'Turin' ? [level('3.9', 0)] : []),
    level('3.1', SNP_TCB.bootloader),
    level('3.2', SNP_TCB.tee),
    level('3.3', snpLevel),
    level('3.8', SNP_TCB.microcode),
    { oid: `${AMD}.4`, critical: false, value: chipId }
  ]
}

/** A report of version 3, policy 0x30000 (SMT allowed, reserved bit set), VMPL 0. */
function unsignedReport(reportData: Uint8Array, line: AmdLine): Uint8Array {
  const { bootloader, tee, snp, microcode } = SNP_TCB
  const tcb =
    line === 'Turin' ? [0, bootloader, tee, snp, 0, 0, 0, microcode] : [bootloader, tee, 0, 0, 0, 0, snp, microcode]
  const report = new Uint8Array(REPORT_BYTES)
  report[0] = 3
  report.set([0, 0, 3], SNP_OFFSET.policy)
  report[SNP_OFFSET.algorithm] = 1
  for (const offset of [SNP_OFFSET.currentTcb, SNP_OFFSET.reportedTcb, SNP_OFFSET.committedTcb]) report.set(tcb, offset)
  report.set(reportData, 80)
  report.set(SNP_MEASUREMENT, SNP_OFFSET.measurement)
  report.set(line === 'Turin' ? PLATFORM.chipId.subarray(0, TURIN_CHIP_ID_BYTES) : PLATFORM.chipId, SNP_OFFSET.chipId)
  return report
}

function sha512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(bytes).digest())
}
