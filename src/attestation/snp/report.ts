/**
 * Takes an AMD SEV-SNP attestation report apart (v3.md §6.4; AMD 56860 "SEV Secure Nested Paging Firmware ABI", table
 * ATTESTATION_REPORT). Bytes 0…671 are covered by the signature; of the signature field every byte is accounted for.
 *
 * @module
 */
import { bytesToHex } from '../../encoding/index.js'
import { isZero, u32le, u64le } from '../bits.js'
import { SNP_REPORT_BYTES } from '../certificate/evidence.js'
import type { Findings } from '../report/findings.js'

/** Fields of a report; byte fields are views into it. */
export interface SnpReport {
  readonly signed: Uint8Array
  /** `r ‖ s`, big-endian, 96 bytes. */
  readonly signature: Uint8Array
  readonly reportData: Uint8Array
  readonly measurement: Uint8Array
  readonly chipId: Uint8Array
  /** TCB versions, 8 bytes each as they stand in the report. */
  readonly currentTcb: Uint8Array
  readonly reportedTcb: Uint8Array
  readonly committedTcb: Uint8Array
}

const SIGNED_BYTES = 672
const SCALAR_FIELD_BYTES = 72
const SCALAR_BYTES = 48
/** Version 2 is what the reference's structure describes, 3 and 5 fill formerly reserved bytes; other layouts are unknown. */
const VERSIONS: readonly number[] = [2, 3, 5]

const POLICY_MUST_BE_ONE = 1n << 17n
const POLICY_MIGRATION_AGENT = 1n << 18n
const POLICY_DEBUG = 1n << 19n
/** Bits 26 and up are reserved, zero. */
const POLICY_KNOWN = (1n << 26n) - 1n

/** Parses and judges what the report says of itself; leaves the stage only when it is no report. */
export function examineSnpReport(findings: Findings, bytes: Uint8Array): SnpReport {
  const version = u32le(bytes, 0)
  const isEmpty = isZero(bytes.subarray(0, 80)) && isZero(bytes.subarray(144, SIGNED_BYTES))
  findings.demand(
    'evidence.genuine',
    bytes.length !== SNP_REPORT_BYTES || !isEmpty,
    'a report with more than report data in it'
  )
  const r = bytes.subarray(SIGNED_BYTES, SIGNED_BYTES + SCALAR_FIELD_BYTES)
  const s = bytes.subarray(SIGNED_BYTES + SCALAR_FIELD_BYTES, SIGNED_BYTES + 2 * SCALAR_FIELD_BYTES)
  const reserved = [
    bytes.subarray(76, 80),
    r.subarray(SCALAR_BYTES),
    s.subarray(SCALAR_BYTES),
    bytes.subarray(SIGNED_BYTES + 2 * SCALAR_FIELD_BYTES)
  ]
  const isReport = bytes.length === SNP_REPORT_BYTES && VERSIONS.includes(version) && reserved.every(isZero)
  findings.demand('snp.report.format', isReport, `${bytes.length} bytes, version ${version}`)
  examineClaims(findings, bytes)
  const signature = new Uint8Array(2 * SCALAR_BYTES)
  signature.set(r.slice(0, SCALAR_BYTES).toReversed())
  signature.set(s.slice(0, SCALAR_BYTES).toReversed(), SCALAR_BYTES)
  return {
    signed: bytes.subarray(0, SIGNED_BYTES),
    signature,
    reportData: bytes.subarray(80, 144),
    measurement: bytes.subarray(144, 192),
    chipId: bytes.subarray(416, 480),
    currentTcb: bytes.subarray(56, 64),
    reportedTcb: bytes.subarray(384, 392),
    committedTcb: bytes.subarray(480, 488)
  }
}

function examineClaims(findings: Findings, bytes: Uint8Array): void {
  const algorithm = u32le(bytes, 52)
  findings.check('snp.report.algorithm', algorithm === 1, `algorithm ${algorithm}`)
  const flags = u32le(bytes, 72)
  const signingKey = (flags >>> 2) & 7
  findings.check('snp.report.signing-key', signingKey === 0, `key ${signingKey}, 0 is the VCEK`)
  const chipId = bytes.subarray(416, 480)
  const isShown = (flags & 2) === 0 && flags >>> 5 === 0 && !isZero(chipId)
  findings.check('snp.report.flags', isShown, `flags 0x${flags.toString(16)}, chip ${bytesToHex(chipId).slice(0, 16)}…`)
  const policy = u64le(bytes, 8)
  const text = `guest policy 0x${policy.toString(16)}`
  findings.check('snp.guest.debug', (policy & POLICY_DEBUG) === 0n, text)
  findings.check('snp.guest.migration', (policy & POLICY_MIGRATION_AGENT) === 0n, text)
  findings.check('snp.guest.policy', (policy & POLICY_MUST_BE_ONE) !== 0n && (policy & ~POLICY_KNOWN) === 0n, text)
  const vmpl = u32le(bytes, 48)
  findings.check('snp.guest.vmpl', vmpl === 0, `VMPL ${vmpl}`)
}
