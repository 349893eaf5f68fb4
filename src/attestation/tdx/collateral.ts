/**
 * The signed material that a quote is judged against, in the shape that Intel's tools and this library's adapters share.
 *
 * @module
 */
import { decodeUtf8Strict } from '../../encoding/index.js'
import { decodeCertificateChainPem } from '../../encoding/x509/index.js'
import { parseStrictJson } from '../collateral/strict-json.js'
import { lowerHexToBytes } from '../collateral/lower-hex.js'
import type { Findings } from '../report/findings.js'

/** Collateral for TDX. All members are text; members beyond these are ignored. */
export interface TdxCollateral {
  /** PEM, leaf first: issuer of the PCK CRL and the root. */
  readonly pck_crl_issuer_chain: string
  /** DER as lower-case hex. */
  readonly root_ca_crl: string
  /** DER as lower-case hex. */
  readonly pck_crl: string
  /** PEM: signer of the TCB info and the root. */
  readonly tcb_info_issuer_chain: string
  /** The signed JSON text, exactly as served. */
  readonly tcb_info: string
  /** `r ‖ s` as 128 lower-case hex digits. */
  readonly tcb_info_signature: string
  /** PEM: signer of the QE identity and the root. */
  readonly qe_identity_issuer_chain: string
  /** The signed JSON text, exactly as served. */
  readonly qe_identity: string
  /** `r ‖ s` as 128 lower-case hex digits. */
  readonly qe_identity_signature: string
}

/** Collateral with its envelope opened; nothing is verified yet. */
export interface OpenedTdxCollateral {
  readonly pckCrlIssuerChain: readonly Uint8Array[]
  readonly rootCrl: Uint8Array
  readonly pckCrl: Uint8Array
  readonly tcbInfo: SignedText
  readonly qeIdentity: SignedText
}

/** A signed text with the chain of its signer. */
export interface SignedText {
  readonly chain: readonly Uint8Array[]
  readonly text: string
  readonly signature: Uint8Array
}

/** Members with the most characters that each may have. */
export const TDX_COLLATERAL_LIMITS: { readonly [Member in keyof TdxCollateral]: number } = {
  pck_crl_issuer_chain: 32_768,
  root_ca_crl: 262_144,
  pck_crl: 2_097_152,
  tcb_info_issuer_chain: 32_768,
  tcb_info: 524_288,
  tcb_info_signature: 128,
  qe_identity_issuer_chain: 32_768,
  qe_identity: 65_536,
  qe_identity_signature: 128
}

/** Opens collateral of unknown shape (an object, or JSON text); leaves the stage when it is none. */
export function openTdxCollateral(findings: Findings, collateral: unknown): OpenedTdxCollateral {
  return findings.parse('tdx.collateral.format', `${Object.keys(TDX_COLLATERAL_LIMITS).length} members`, () => {
    const text = snapshotTdxCollateral(collateral)
    return {
      pckCrlIssuerChain: decodeCertificateChainPem(text.pck_crl_issuer_chain),
      rootCrl: lowerHexToBytes(text.root_ca_crl),
      pckCrl: lowerHexToBytes(text.pck_crl),
      tcbInfo: openSigned(text.tcb_info_issuer_chain, text.tcb_info, text.tcb_info_signature),
      qeIdentity: openSigned(text.qe_identity_issuer_chain, text.qe_identity, text.qe_identity_signature)
    }
  })
}

/** Reads each member once, checks types and sizes. @throws Error when it is not collateral. */
export function snapshotTdxCollateral(collateral: unknown): TdxCollateral {
  const source = typeof collateral === 'string' ? parseStrictJson(collateral) : collateral
  if (typeof source !== 'object' || source === null) throw new Error('not an object')
  const members = source as Record<string, unknown>
  const entries = Object.entries(TDX_COLLATERAL_LIMITS).map(([name, limit]) => {
    const member = Object.hasOwn(members, name) ? members[name] : undefined
    if (typeof member !== 'string' || member.length > limit) throw new Error(`member ${name}`)
    return [name, member] as const
  })
  return Object.fromEntries(entries) as unknown as TdxCollateral
}

/** PEM text of a quote: certificates, and the zero byte that Intel's library appends. */
export function decodeQuotePem(pem: Uint8Array): Uint8Array[] {
  const text = decodeUtf8Strict(pem.at(-1) === 0 ? pem.subarray(0, -1) : pem)
  return decodeCertificateChainPem(text)
}

function openSigned(chain: string, text: string, signature: string): SignedText {
  if (signature.length !== 128) throw new Error('signature length')
  return { chain: decodeCertificateChainPem(chain), text, signature: lowerHexToBytes(signature) }
}
