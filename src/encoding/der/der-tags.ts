/**
 * Identifier octets used by X.509. Only single-octet identifiers exist in what the library reads.
 *
 * @module
 */

/** Identifier octets of the universal types, constructed bit included where DER demands it (X.690 §8). */
export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31
} as const

/** Identifier octet of a constructed, context-specific element `[number]`. */
export function contextTag(number: number): number {
  return 0xa0 | number
}
