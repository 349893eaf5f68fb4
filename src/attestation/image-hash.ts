/**
 * Image hashes as the network computes them, and the ones that must never be accepted.
 *
 * @module
 */
import { bytesToHex, concatBytes } from '../encoding/index.js'
import { CocoonError } from '../errors.js'
import { sha256 } from './crypto.js'
import type { Findings } from './report/findings.js'
import { bodyOf, type TdxBody } from './tdx/quote.js'

/** Report data takes part in the hash as zeros. */
const BLANK_REPORT_DATA = new Uint8Array(64)

/** Hashes of evidence that measures nothing (attestation.md §2, v3.md §6.2). */
const CONSTANTS: ReadonlySet<string> = new Set([
  '0'.repeat(64),
  '5c55c8f4db4010ba9203d83536d0609856af8c847ac039e37e7dde8fbd574b61',
  'b5fdab78d8947eacc864bfeecb4d2100780e5afe1cd8efafb124887913ac49fa'
])

/** SHA-256 over MRTD, MRCONFIGID, MROWNER, MROWNERCONFIG, RTMR0…3 and 64 zero bytes (attestation.md §2). */
export async function imageHashOfBody(body: TdxBody): Promise<string> {
  return bytesToHex(await sha256(concatBytes(body.measurements, BLANK_REPORT_DATA)))
}

/** SHA-256 over the measurement and 64 zero bytes (v3.md §6.4). */
export async function imageHashOfMeasurement(measurement: Uint8Array): Promise<string> {
  return bytesToHex(await sha256(concatBytes(measurement, BLANK_REPORT_DATA)))
}

/**
 * The network's image hash of a TDX quote: 64 lower-case hex digits. Reads the measurements only; it verifies nothing.
 *
 * @param quote - Quote of version 4 or 5.
 * @throws CocoonError `ERR_ENCODING` when there is no TDX body in it.
 */
export async function tdxImageHash(quote: Uint8Array): Promise<string> {
  const body = quote instanceof Uint8Array ? bodyOf(quote) : undefined
  if (body === undefined)
    throw new CocoonError('ERR_ENCODING', 'not a TDX quote of version 4 or 5', { phase: 'attestation' })
  return await imageHashOfBody(body)
}

/** Judges an image hash against the constants and the allow-list (lower-case hex). */
export function examineImage(findings: Findings, imageHash: string, allowed: readonly string[]): void {
  findings.check('image.constant', !CONSTANTS.has(imageHash), imageHash)
  findings.check(
    'image.hash',
    !CONSTANTS.has(imageHash) && allowed.includes(imageHash),
    `${imageHash} in a list of ${allowed.length}`
  )
}
