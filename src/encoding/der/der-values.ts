/**
 * Content octets ↔ values: integers, object identifiers, bit strings, booleans, times, ECDSA signatures. Every decoder
 * accepts the one DER form only (X.690 §8, §11; RFC 5280 §4.1.2.5 for times).
 *
 * @module
 */
import { derError } from './der-error.js'
import { type DerElement, DerReader, readDer } from './der-reader.js'
import { DER_TAG } from './der-tags.js'

/** TRUE is exactly 0xff in DER. */
export function decodeDerBoolean(element: DerElement): boolean {
  if (element.tag !== DER_TAG.boolean || element.content.length !== 1) throw derError('malformed BOOLEAN')
  const octet = element.content[0]
  if (octet !== 0x00 && octet !== 0xff) throw derError('BOOLEAN is neither 0x00 nor 0xff')
  return octet === 0xff
}

/** Magnitude of a non-negative INTEGER, big-endian, without a leading zero octet (zero is one octet `00`). A view. */
export function decodeDerUnsigned(element: DerElement): Uint8Array {
  const { tag, content } = element
  if (tag !== DER_TAG.integer || content.length === 0) throw derError('malformed INTEGER')
  const [first = 0, second = 0] = content
  if (first >= 0x80) throw derError('negative INTEGER')
  if (content.length === 1) return content
  if (first === 0 && second < 0x80) throw derError('INTEGER is not minimal')
  return first === 0 ? content.subarray(1) : content
}

/** A non-negative INTEGER below 2^31 as a number. */
export function decodeDerNumber(element: DerElement): number {
  const magnitude = decodeDerUnsigned(element)
  if (magnitude.length > 4 || (magnitude.length === 4 && (magnitude[0] ?? 0) >= 0x80))
    throw derError('INTEGER is too large')
  let value = 0
  for (const octet of magnitude) value = value * 256 + octet
  return value
}

/** Dotted text of an OBJECT IDENTIFIER of at most 32 content octets. */
export function decodeDerOid(element: DerElement): string {
  const { tag, content } = element
  if (tag !== DER_TAG.objectIdentifier || content.length === 0) throw derError('malformed OBJECT IDENTIFIER')
  if (content.length > 32) throw derError('OBJECT IDENTIFIER is too long')
  const arcs: number[] = []
  let arc = 0
  let fresh = true
  for (const octet of content) {
    if (fresh && octet === 0x80) throw derError('OBJECT IDENTIFIER arc is not minimal')
    if (arc >= 2 ** 45) throw derError('OBJECT IDENTIFIER arc is too large')
    arc = arc * 128 + (octet & 0x7f)
    fresh = octet < 0x80
    if (!fresh) continue
    if (arcs.length === 0) {
      const root = Math.min(2, Math.floor(arc / 40))
      arcs.push(root, arc - 40 * root)
    } else arcs.push(arc)
    arc = 0
  }
  if (!fresh) throw derError('OBJECT IDENTIFIER ends inside an arc')
  return arcs.join('.')
}

/** Octets of a BIT STRING; the unused bits at its end are zero in DER. */
export function decodeDerBitString(element: DerElement): { readonly bytes: Uint8Array; readonly unusedBits: number } {
  const { tag, content } = element
  const unusedBits = content[0]
  if (tag !== DER_TAG.bitString || unusedBits === undefined || unusedBits > 7) throw derError('malformed BIT STRING')
  const bytes = content.subarray(1)
  const last = bytes.at(-1)
  if (last === undefined ? unusedBits !== 0 : (last & ((1 << unusedBits) - 1)) !== 0) {
    throw derError('unused bits of a BIT STRING are set')
  }
  return { bytes, unusedBits }
}

/** A BIT STRING of whole octets. */
export function decodeDerBitStringBytes(element: DerElement): Uint8Array {
  const { bytes, unusedBits } = decodeDerBitString(element)
  if (unusedBits !== 0) throw derError('BIT STRING is not whole octets')
  return bytes
}

/** UTCTime or GeneralizedTime in the only forms that RFC 5280 admits (seconds, `Z`, no fraction). */
export function decodeDerTime(element: DerElement): Date {
  const text = String.fromCharCode(...element.content.subarray(0, 16))
  // UTCTime has two digits of the year: 50 to 99 are those of the last century.
  const century = element.tag === DER_TAG.generalizedTime ? '' : text < '5' ? '20' : '19'
  const digits = element.tag === DER_TAG.generalizedTime ? 15 : 13
  const iso = (century + text).replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6.000Z')
  const date = new Date(iso)
  const isTime = element.tag === DER_TAG.utcTime || element.tag === DER_TAG.generalizedTime
  // Comes back as it was only when it exists: 31 February, hour 24 and second 60 do not.
  if (!isTime || text.length !== digits || Number.isNaN(date.getTime()) || date.toISOString() !== iso)
    throw derError('malformed time')
  return date
}

/**
 * ECDSA-Sig-Value (RFC 3279 §2.2.3) to the fixed `r ‖ s` form, big-endian, that WebCrypto takes.
 *
 * @param scalarBytes - 32 for P-256, 48 for P-384. Range against the group order is the verifier's business.
 */
export function decodeDerEcdsaSignature(bytes: Uint8Array, scalarBytes: number): Uint8Array {
  const reader = new DerReader(readDer(bytes, DER_TAG.sequence).content)
  const out = new Uint8Array(2 * scalarBytes)
  for (const index of [0, 1]) {
    const scalar = decodeDerUnsigned(reader.next(DER_TAG.integer))
    if (scalar.length > scalarBytes) throw derError('ECDSA scalar is too long')
    if (scalar.every((octet) => octet === 0)) throw derError('ECDSA scalar is zero')
    out.set(scalar, (index + 1) * scalarBytes - scalar.length)
  }
  reader.end()
  return out
}
