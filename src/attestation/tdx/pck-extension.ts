/**
 * The SGX extension of a PCK certificate: which platform it is and at which level (Intel, "SGX PCK Certificate and CRL
 * Profile Specification", extension 1.2.840.113741.1.13.1).
 *
 * @module
 */
import {
  DER_TAG,
  type DerElement,
  DerReader,
  decodeDerNumber,
  decodeDerOid,
  readDer
} from '../../encoding/der/index.js'
import type { ParsedCertificate } from '../../encoding/x509/index.js'

/** What the certificate says of its platform. */
export interface PckPlatform {
  readonly fmspc: Uint8Array
  readonly pceId: Uint8Array
  /** 16 security version numbers. */
  readonly components: readonly number[]
  readonly pceSvn: number
}

const SGX = '1.2.840.113741.1.13.1'
const TCB = `${SGX}.2`
const COMPONENTS = 16

/** Reads the extension. @throws CocoonError `ERR_DER`, or Error when a part is missing, twice or of the wrong size. */
export function readPckPlatform(certificate: ParsedCertificate): PckPlatform {
  const extension = certificate.extensions.find(({ oid }) => oid === SGX)
  if (extension === undefined) throw new Error('no SGX extension')
  const parts = readPairs(readDer(extension.value, DER_TAG.sequence))
  const tcb = readPairs(part(parts, TCB))
  const octets = (oid: string, length: number): Uint8Array => {
    const element = part(parts, oid)
    if (element.tag !== DER_TAG.octetString || element.content.length !== length) throw new Error(`part ${oid}`)
    return element.content
  }
  const number = (index: number, max: number): number => {
    const value = decodeDerNumber(part(tcb, `${TCB}.${index}`))
    if (value > max) throw new Error(`part ${TCB}.${index}`)
    return value
  }
  return {
    fmspc: octets(`${SGX}.4`, 6),
    pceId: octets(`${SGX}.3`, 2),
    components: Array.from({ length: COMPONENTS }, (_, index) => number(index + 1, 255)),
    pceSvn: number(COMPONENTS + 1, 65_535)
  }
}

/** Whether a certificate has the extension at all. */
export function hasSgxExtension(certificate: ParsedCertificate): boolean {
  return certificate.extensions.some(({ oid }) => oid === SGX)
}

function readPairs(sequence: DerElement): ReadonlyMap<string, DerElement> {
  const pairs = new Map<string, DerElement>()
  if (sequence.tag !== DER_TAG.sequence) throw new Error('not a sequence')
  const list = new DerReader(sequence.content)
  while (!list.done) {
    const pair = list.enter(DER_TAG.sequence)
    const oid = decodeDerOid(pair.next(DER_TAG.objectIdentifier))
    if (pairs.has(oid)) throw new Error(`part ${oid} twice`)
    pairs.set(oid, pair.next())
    pair.end()
  }
  return pairs
}

function part(parts: ReadonlyMap<string, DerElement>, oid: string): DerElement {
  const element = parts.get(oid)
  if (element === undefined) throw new Error(`part ${oid} is missing`)
  return element
}
