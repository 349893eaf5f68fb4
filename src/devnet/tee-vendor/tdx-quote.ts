/**
 * Writes TDX quotes of version 4 (TD 1.0) and 5 (TD 1.5).
 *
 * Source: attestation.md §1; Intel TDX DCAP Quoting Library API, quote format.
 *
 * @module
 */
import { concatBytes, hexToBytes } from '../../encoding/index.js'
import { MRSEAM, PLATFORM, TDX_MEASUREMENTS } from './platform.js'

const INTEL_QE_VENDOR = hexToBytes('939a7233f79c4ca9940a0db3957f0607')
/** SEPT_VE_DISABLE, as every TD that minds its memory. */
const TD_ATTRIBUTES = hexToBytes('0000001000000000')
const XFAM = hexToBytes('e702060000000000')

/** Offsets of a version 4 quote, for faults (attestation.md §1.3). */
export const QUOTE_OFFSET = {
  vendor: 12,
  body: 48,
  mrSeam: 64,
  mrSignerSeam: 112,
  seamAttributes: 160,
  tdAttributes: 168,
  xfam: 176,
  measurements: 184,
  reportData: 568,
  end: 632
} as const

/** Offset of MRSERVICETD in a version 5 quote with a TD 1.5 report. */
export const MRSERVICETD_OFFSET = 654

/** Offsets in the report of the quoting enclave (Intel SDM, REPORT). */
export const ENCLAVE_OFFSET = { attributes: 48, mrSigner: 128, isvSvn: 258, reportData: 320 } as const

/** Header and body: what the attestation key signs. */
export function signedPart(version: 4 | 5, reportData: Uint8Array): Uint8Array {
  const header = new Uint8Array(48)
  header.set([version, 0, 2, 0, 0x81])
  header.set(INTEL_QE_VENDOR, QUOTE_OFFSET.vendor)
  const svn = Uint8Array.from(PLATFORM.teeTcbSvn)
  const body = concatBytes(svn, MRSEAM, new Uint8Array(48 + 8), TD_ATTRIBUTES, XFAM, TDX_MEASUREMENTS, reportData)
  if (version === 4) return concatBytes(header, body)
  const typeAndSize = concatBytes(u16(3), u32(648))
  return concatBytes(header, typeAndSize, body, svn, new Uint8Array(48))
}

/** Report of the quoting enclave, 384 bytes. */
export function enclaveReport(vouched: Uint8Array): Uint8Array {
  const report = new Uint8Array(384)
  report.set(PLATFORM.components, 0)
  report.set([0x11, 0, 0, 0, 0, 0, 0, 0, 0xe7], ENCLAVE_OFFSET.attributes)
  report.fill(0x5a, 64, 96)
  report.set(PLATFORM.qeSigner, ENCLAVE_OFFSET.mrSigner)
  report.set([PLATFORM.qeProduct, 0, PLATFORM.qeSvn], ENCLAVE_OFFSET.isvSvn - 2)
  report.set(vouched, ENCLAVE_OFFSET.reportData)
  return report
}

/** Parts of a quote. */
export interface QuoteParts {
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** `X ‖ Y`. */
  readonly attestationKey: Uint8Array
  readonly enclaveReport: Uint8Array
  readonly enclaveReportSignature: Uint8Array
  readonly authenticationData: Uint8Array
  readonly pckChainPem: Uint8Array
}

/** Puts a quote together: certification data of type 6 around the PCK chain, type 5. */
export function assembleQuote(parts: QuoteParts): Uint8Array {
  const { authenticationData, pckChainPem } = parts
  const inner = concatBytes(
    parts.enclaveReport,
    parts.enclaveReportSignature,
    u16(authenticationData.length),
    authenticationData,
    u16(5),
    u32(pckChainPem.length),
    pckChainPem
  )
  const authentication = concatBytes(parts.signature, parts.attestationKey, u16(6), u32(inner.length), inner)
  return concatBytes(parts.signed, u32(authentication.length), authentication)
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8)
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24)
}
