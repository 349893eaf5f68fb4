/**
 * Writes the DER that the library itself makes: certificates of clients and of the devnet.
 *
 * @module
 */
import { derError } from './der-error.js'
import { DER_TAG } from './der-tags.js'

/** One element: identifier, minimal definite length, the concatenated contents. */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0)
  if (length > 0xff_ffff) throw derError('element is too long')
  const header = [tag]
  if (length < 0x80) header.push(length)
  else if (length < 0x100) header.push(0x81, length)
  else if (length < 0x1_0000) header.push(0x82, length >> 8, length & 0xff)
  else header.push(0x83, length >> 16, (length >> 8) & 0xff, length & 0xff)
  const out = new Uint8Array(header.length + length)
  out.set(header)
  let offset = header.length
  for (const part of contents) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** SEQUENCE of encoded elements. */
export function derSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeDer(DER_TAG.sequence, ...elements)
}

/** SET of encoded elements; the caller has them in DER order. */
export function derSet(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeDer(DER_TAG.set, ...elements)
}

/** OCTET STRING. */
export function derOctetString(bytes: Uint8Array): Uint8Array {
  return encodeDer(DER_TAG.octetString, bytes)
}

/** BIT STRING; the lowest `unusedBits` of the last octet are zero. */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return encodeDer(DER_TAG.bitString, Uint8Array.of(unusedBits), bytes)
}

/** BOOLEAN. */
export function derBoolean(value: boolean): Uint8Array {
  return encodeDer(DER_TAG.boolean, Uint8Array.of(value ? 0xff : 0x00))
}

/** Non-negative INTEGER from a big-endian magnitude (leading zeros are dropped) or from a number below 2^31. */
export function derUnsigned(value: Uint8Array | number): Uint8Array {
  const bytes = typeof value === 'number' ? numberBytes(value) : value
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1
  const magnitude = bytes.length === 0 ? Uint8Array.of(0) : bytes.subarray(start)
  const sign = (magnitude[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0)
  return encodeDer(DER_TAG.integer, sign, magnitude)
}

/** OBJECT IDENTIFIER from dotted text. @throws CocoonError `ERR_DER` on text that is none. */
export function derOid(text: string): Uint8Array {
  if (!/^[0-2](\.\d{1,15})+$/.test(text)) throw derError('not an object identifier')
  const [root = 0, second = 0, ...rest] = text.split('.').map(Number)
  if (root < 2 && second >= 40) throw derError('not an object identifier')
  const octets: number[] = []
  for (const arc of [root * 40 + second, ...rest]) {
    const groups = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) | 0x80)
    octets.push(...groups)
  }
  return encodeDer(DER_TAG.objectIdentifier, Uint8Array.from(octets))
}

/** UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5); whole seconds, fractions are cut. */
export function derTime(date: Date): Uint8Array {
  const unixMs = date.getTime()
  if (!(unixMs >= Date.UTC(1950, 0) && unixMs < Date.UTC(10_000, 0))) throw derError('time out of range')
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '')
  const utc = date.getUTCFullYear() < 2050
  return derText(utc ? DER_TAG.utcTime : DER_TAG.generalizedTime, utc ? digits.slice(2) : digits)
}

/** A string type; the caller picks a tag that admits the characters. */
export function derText(tag: number, text: string): Uint8Array {
  return encodeDer(tag, new TextEncoder().encode(text))
}

function numberBytes(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** 31) throw derError('integer out of range')
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}
