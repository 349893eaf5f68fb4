/**
 * Certificate chains of the vendors: names, roles, validity, signatures, revocation. A chain ends in a root that is
 * compared as a whole, by its SHA-256; a root that only has the right key is another root.
 *
 * @module
 */
import { bytesToHex, equalBytes } from '../encoding/index.js'
import { type ParsedCertificate, parseCertificate, roleOf } from '../encoding/x509/index.js'
import type { CheckId } from './report/checks.js'
import type { Findings } from './report/findings.js'
import type { Signatures } from './signatures.js'
import { fingerprint } from './trust.js'

/** Ids under which a kind of chain is judged. */
export interface ChainChecks {
  readonly certificates: CheckId
  readonly root: CheckId
  readonly chain: CheckId
  readonly validity: CheckId
}

const KEY_CERT_SIGN = 0x04
const UNDERSTOOD: readonly string[] = ['2.5.29.19', '2.5.29.15']

/**
 * Judges a chain, leaf first. Does not look at revocation: that needs lists, which are judged by the chain themselves.
 *
 * @param input.root - SHA-256 of the last certificate, lower-case hex.
 * @param input.length - Exact number of certificates, the root included.
 * @param input.leafIsCa - Whether the first certificate is an issuer itself (of a revocation list). Default `false`.
 * @returns the parsed certificates.
 */
export async function examineChain(
  findings: Findings,
  ids: ChainChecks,
  input: {
    ders: readonly Uint8Array[]
    length: number
    root: string
    nowMs: number
    signatures: Signatures
    leafIsCa?: boolean
  }
): Promise<readonly ParsedCertificate[]> {
  const { ders, length, root, nowMs, signatures, leafIsCa = false } = input
  const floor = leafIsCa ? 1 : 0
  findings.demand(ids.certificates, ders.length === length, `${ders.length} certificates, ${length} are due`)
  const chain = findings.parse(ids.certificates, `${length} certificates`, () => ders.map(parseCertificate))
  const last = ders[length - 1]
  findings.demand(
    ids.root,
    last !== undefined && (await fingerprint(last)) === root,
    `last of ${length} certificates with the trusted root`
  )
  const valid = chain.every(
    (certificate) => nowMs >= certificate.notBefore.getTime() && nowMs <= certificate.notAfter.getTime()
  )
  findings.check(ids.validity, valid, `valid until ${new Date(endOfChain(chain)).toISOString()}`)
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1] ?? certificate
    // The root was compared as a whole; its own signature adds nothing.
    const isRoot = index === length - 1
    const linked =
      mayStand(certificate, index + floor) &&
      equalBytes(certificate.issuer, issuer.subject) &&
      (isRoot || (await signatures.isIssued(certificate, issuer)))
    findings.demand(
      ids.chain,
      linked,
      linked ? `${length} certificates, each with its issuer` : `certificate ${index + 1} of ${length} with its issuer`
    )
  }
  return chain
}

/** Earliest end of a chain, milliseconds since the epoch. */
export function endOfChain(chain: readonly ParsedCertificate[]): number {
  return Math.min(...chain.map((certificate) => certificate.notAfter.getTime()))
}

/** Serial number as revocation lists are searched by. */
export function serialOf(certificate: ParsedCertificate): string {
  return bytesToHex(certificate.serial)
}

/** Whether a certificate may stand at this height: no CA as a leaf, CAs above with room for what is below them. */
function mayStand(certificate: ParsedCertificate, height: number): boolean {
  if (certificate.version !== 3) return false
  if (certificate.extensions.some((extension) => extension.critical && !UNDERSTOOD.includes(extension.oid)))
    return false
  try {
    const { isCa, pathLength, keyUsage } = roleOf(certificate)
    if (height === 0) return !isCa
    return isCa && (pathLength === undefined || pathLength >= height - 1) && ((keyUsage ?? 0) & KEY_CERT_SIGN) !== 0
  } catch {
    return false
  }
}
