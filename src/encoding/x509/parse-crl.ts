/**
 * Reads certificate revocation lists strictly (RFC 5280 §5.1). Structure only; no delta and no indirect lists.
 *
 * @module
 */
import { equalBytes } from '../bytes.js'
import { contextTag, DER_TAG, DerReader, decodeDerNumber, decodeDerTime, decodeDerUnsigned } from '../der/index.js'
import { bytesToHex } from '../hex.js'
import { type SignatureAlgorithm, signatureAlgorithmOf } from './algorithms.js'
import type { CertificateExtension } from './create-certificate.js'
import { readExtensions, readSigned } from './parse-certificate.js'
import { x509Error } from './x509-error.js'

/** A parsed list; byte fields are views into the input. */
export interface ParsedCrl {
  readonly tbs: Uint8Array
  /** Name, DER. */
  readonly issuer: Uint8Array
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** Serial magnitudes, lower-case hex. */
  readonly revokedSerials: ReadonlySet<string>
  readonly extensions: readonly CertificateExtension[]
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
}

/** Parses one list that fills `der` exactly. @throws CocoonError `ERR_DER` | `ERR_X509`. */
export function parseCrl(der: Uint8Array): ParsedCrl {
  const { tbs, algorithm, signature } = readSigned(der)
  const reader = new DerReader(tbs.content)
  const version = reader.optional(DER_TAG.integer)
  if (version !== undefined && decodeDerNumber(version) !== 1) throw x509Error('unknown CRL version')
  if (!equalBytes(reader.next(DER_TAG.sequence).raw, algorithm.raw)) throw x509Error('signature algorithms differ')
  const issuer = reader.next(DER_TAG.sequence).raw
  const thisUpdate = decodeDerTime(reader.next())
  const next = reader.peekTag()
  // Optional in the standard; a list without an end could be replayed for ever.
  if (next !== DER_TAG.utcTime && next !== DER_TAG.generalizedTime) throw x509Error('CRL has no nextUpdate')
  const nextUpdate = decodeDerTime(reader.next())
  const entries = reader.optional(DER_TAG.sequence)
  const extensionField = reader.optional(contextTag(0))
  reader.end()
  const extensions = extensionField === undefined ? [] : readExtensions(extensionField.content)
  refuseCritical(extensions)
  return {
    tbs: tbs.raw,
    issuer,
    thisUpdate,
    nextUpdate,
    revokedSerials: entries === undefined ? new Set() : readRevoked(new DerReader(entries.content)),
    extensions,
    signatureAlgorithm: signatureAlgorithmOf(algorithm),
    signature
  }
}

function readRevoked(list: DerReader): Set<string> {
  const serials = new Set<string>()
  while (!list.done) {
    const entry = list.enter(DER_TAG.sequence)
    serials.add(bytesToHex(decodeDerUnsigned(entry.next(DER_TAG.integer))))
    decodeDerTime(entry.next())
    const extensions = entry.optional(DER_TAG.sequence)
    if (extensions !== undefined) refuseCritical(readExtensions(extensions.raw))
    entry.end()
  }
  return serials
}

/** Critical extensions of CRLs change what the list covers; none of them is understood. */
function refuseCritical(extensions: readonly CertificateExtension[]): void {
  if (extensions.some((extension) => extension.critical)) throw x509Error('CRL has a critical extension')
}
