/**
 * The signed material that an AMD report is judged against.
 *
 * @module
 */
import { decodeCertificateChainPem } from '../../encoding/x509/index.js'
import { parseStrictJson } from '../collateral/strict-json.js'
import { lowerHexToBytes } from '../collateral/lower-hex.js'
import type { Findings } from '../report/findings.js'

/** Collateral for AMD SEV-SNP. All members are text; members beyond these are ignored. */
export interface SnpCollateral {
  /** PEM: ASK, then ARK, as AMD's key server gives them. */
  readonly cert_chain: string
  /** CRL of the ARK, DER as lower-case hex. */
  readonly crl: string
  /** PEM of the VCEK; needed by `verifySnpReport` only, a certificate carries its own. */
  readonly vcek?: string | undefined
}

/** Collateral with its envelope opened; nothing is verified yet. */
export interface OpenedSnpCollateral {
  readonly chain: readonly Uint8Array[]
  readonly crl: Uint8Array
  readonly vcekPem: string | undefined
}

/** Members with the most characters that each may have. */
export const SNP_COLLATERAL_LIMITS: { readonly [Member in keyof SnpCollateral]-?: number } = {
  cert_chain: 32_768,
  crl: 524_288,
  vcek: 32_768
}

/** Opens collateral of unknown shape (an object, or JSON text); leaves the stage when it is none. */
export function openSnpCollateral(findings: Findings, collateral: unknown): OpenedSnpCollateral {
  return findings.parse('snp.collateral.format', 'chain and CRL', () => {
    const { cert_chain, crl, vcek } = snapshotSnpCollateral(collateral)
    return { chain: decodeCertificateChainPem(cert_chain), crl: lowerHexToBytes(crl), vcekPem: vcek }
  })
}

/** Reads each member once, checks types and sizes. @throws Error when it is not collateral. */
export function snapshotSnpCollateral(collateral: unknown): SnpCollateral {
  const source = typeof collateral === 'string' ? parseStrictJson(collateral) : collateral
  if (typeof source !== 'object' || source === null) throw new Error('not an object')
  const read = (name: keyof SnpCollateral): string | undefined => {
    const member = Object.hasOwn(source, name) ? (source as Record<string, unknown>)[name] : undefined
    if (member !== undefined && (typeof member !== 'string' || member.length > SNP_COLLATERAL_LIMITS[name]))
      throw new Error(`member ${name}`)
    return member
  }
  const [cert_chain, crl, vcek] = [read('cert_chain'), read('crl'), read('vcek')]
  if (cert_chain === undefined || crl === undefined) throw new Error('a member is missing')
  return { cert_chain, crl, ...(vcek === undefined ? {} : { vcek }) }
}
