/**
 * Looks into distinguished names and the extensions that give a certificate its role.
 *
 * @module
 */
import {
  DER_TAG,
  DerReader,
  decodeDerBitString,
  decodeDerBoolean,
  decodeDerNumber,
  decodeDerOid,
  readDer
} from '../der/index.js'
import { decodeUtf8Strict } from '../utf8.js'
import type { ParsedCertificate } from './parse-certificate.js'
import { x509Error } from './x509-error.js'

const COMMON_NAME = '2.5.4.3'
const STRING_TAGS: readonly number[] = [DER_TAG.utf8String, DER_TAG.printableString, DER_TAG.ia5String]

/** Text of the one common name in a name. @throws CocoonError `ERR_DER` | `ERR_X509` when there is none, or two. */
export function commonNameOf(nameDer: Uint8Array): string {
  const sets = new DerReader(readDer(nameDer, DER_TAG.sequence).content)
  const found: string[] = []
  while (!sets.done) {
    const attributes = sets.enter(DER_TAG.set)
    while (!attributes.done) {
      const attribute = attributes.enter(DER_TAG.sequence)
      const oid = decodeDerOid(attribute.next(DER_TAG.objectIdentifier))
      const value = attribute.next()
      attribute.end()
      if (oid !== COMMON_NAME) continue
      if (!STRING_TAGS.includes(value.tag)) throw x509Error('common name of an unknown string type')
      found.push(decodeUtf8Strict(value.content))
    }
  }
  const [name] = found
  if (name === undefined || found.length > 1) throw x509Error('a name without exactly one common name')
  return name
}

/** What a certificate may do. */
export interface CertificateRole {
  readonly isCa: boolean
  /** Most intermediate certificates below it; `undefined` = no limit. */
  readonly pathLength: number | undefined
  /** keyUsage bits: 0x80 digitalSignature, 0x04 keyCertSign, 0x02 cRLSign; `undefined` when the extension is absent. */
  readonly keyUsage: number | undefined
}

/** Reads basicConstraints and keyUsage (RFC 5280 §4.2.1.3, §4.2.1.9). @throws CocoonError `ERR_DER`. */
export function roleOf(certificate: ParsedCertificate): CertificateRole {
  const value = (oid: string): Uint8Array | undefined =>
    certificate.extensions.find((extension) => extension.oid === oid)?.value
  let isCa = false
  let pathLength: number | undefined
  const constraints = value('2.5.29.19')
  if (constraints !== undefined) {
    const fields = new DerReader(readDer(constraints, DER_TAG.sequence).content)
    const ca = fields.optional(DER_TAG.boolean)
    isCa = ca !== undefined && decodeDerBoolean(ca)
    const length = fields.optional(DER_TAG.integer)
    pathLength = length === undefined ? undefined : decodeDerNumber(length)
    fields.end()
  }
  const usage = value('2.5.29.15')
  return { isCa, pathLength, keyUsage: usage === undefined ? undefined : decodeDerBitString(readDer(usage)).bytes[0] }
}
