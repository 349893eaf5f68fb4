import { describe, expect, it } from 'vitest'
import {
  DER_TAG,
  DerReader,
  decodeDerBitString,
  decodeDerBoolean,
  decodeDerEcdsaSignature,
  decodeDerNumber,
  decodeDerOid,
  decodeDerTime,
  decodeDerUnsigned,
  derBitString,
  derOid,
  derSequence,
  derTime,
  derUnsigned,
  encodeDer,
  readDer
} from '../../../src/encoding/der/index.js'
import { CocoonError } from '../../../src/errors.js'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function expectDerError(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    expect(CocoonError.is(error, 'ERR_DER')).toBe(true)
    return
  }
  expect.unreachable('must be refused')
}

describe('DerReader', () => {
  it('reads nested elements as views with their raw bytes', () => {
    const bytes = hex('3006 020101 0401aa')
    const reader = new DerReader(readDer(bytes, DER_TAG.sequence).content)
    expect(decodeDerNumber(reader.next(DER_TAG.integer))).toBe(1)
    expect(reader.peekTag()).toBe(DER_TAG.octetString)
    expect(reader.optional(DER_TAG.integer)).toBeUndefined()
    const last = reader.next()
    expect(toHex(last.raw)).toBe('0401aa')
    expect(last.raw.buffer).toBe(bytes.buffer)
    reader.end()
  })

  it.each([
    ['empty', ''],
    ['tag without length', '30'],
    ['indefinite length', '3080 0000'],
    ['long form for a short length', '0481 01 aa'],
    ['leading zero in the length', '0482 0080' + 'aa'.repeat(128)],
    ['length past the end', '0402 aa'],
    ['huge length', '0484 7fffffff aa'],
    ['length that would overflow', '0488 ffffffffffffffff aa'],
    ['multi-octet tag', '1f01 00'],
    ['trailing byte', '0401 aa 00']
  ])('refuses %s', (_name, text) => {
    expectDerError(() => readDer(hex(text)))
  })

  it('refuses another tag than the expected one', () => {
    expectDerError(() => readDer(hex('0401aa'), DER_TAG.integer))
  })
})

describe('values', () => {
  it('integers are minimal and not negative', () => {
    expect(toHex(decodeDerUnsigned(readDer(hex('020200ff'))))).toBe('ff')
    for (const bad of ['0200', '0201ff', '0202007f', '02020001'])
      expectDerError(() => decodeDerUnsigned(readDer(hex(bad))))
    expectDerError(() => decodeDerNumber(readDer(hex('02050100000000'))))
    expectDerError(() => decodeDerNumber(readDer(hex('02050080000000'))))
  })

  it('object identifiers', () => {
    for (const oid of ['1.2.840.113741.1.13.1', '1.3.6.1.4.1.12345.101', '2.5.29.19', '2.999.3', '1.3.101.112']) {
      expect(decodeDerOid(readDer(derOid(oid)))).toBe(oid)
    }
    expect(toHex(derOid('1.2.840.10045.4.3.2'))).toBe('06082a8648ce3d040302')
    for (const bad of ['0600', '06022a80', '06032a8001', '06 0b 2a ffffffffffffffffff7f', '0621' + '2a'.repeat(33)]) {
      expectDerError(() => decodeDerOid(readDer(hex(bad))))
    }
    for (const bad of ['', '1', '3.1', '1.40', '1..2', '1.2.x']) expectDerError(() => derOid(bad))
  })

  it('booleans and bit strings have one form', () => {
    expect(decodeDerBoolean(readDer(hex('0101ff')))).toBe(true)
    for (const bad of ['010101', '0100', '01020000']) expectDerError(() => decodeDerBoolean(readDer(hex(bad))))
    expect(decodeDerBitString(readDer(derBitString(Uint8Array.of(0x80), 7))).unusedBits).toBe(7)
    for (const bad of ['0300', '030108', '030101', '03020781'])
      expectDerError(() => decodeDerBitString(readDer(hex(bad))))
  })

  it('times exist and have seconds and Z', () => {
    for (const date of [
      Date.UTC(1999, 11, 31, 23, 59, 59),
      Date.UTC(2049, 11, 31),
      Date.UTC(2050, 0, 1),
      Date.UTC(9999, 11, 31)
    ]) {
      expect(decodeDerTime(readDer(derTime(new Date(date)))).getTime()).toBe(date)
    }
    expect(derTime(new Date(Date.UTC(2050, 0)))[0]).toBe(DER_TAG.generalizedTime)
    for (const text of [
      '260230000000Z',
      '261301000000Z',
      '260101240000Z',
      '2601010000Z',
      '260101000000+0000',
      '260101000000',
      '260101000000Z0'
    ]) {
      expectDerError(() => decodeDerTime(readDer(encodeDer(DER_TAG.utcTime, new TextEncoder().encode(text)))))
    }
    expectDerError(() =>
      decodeDerTime(readDer(encodeDer(DER_TAG.generalizedTime, new TextEncoder().encode('20260101000000.5Z'))))
    )
    expectDerError(() => derTime(new Date(Number.NaN)))
  })

  it('ECDSA signatures become fixed width', () => {
    const signature = derSequence(derUnsigned(hex('ff')), derUnsigned(hex('0102')))
    expect(toHex(decodeDerEcdsaSignature(signature, 4))).toBe('000000ff00000102')
    for (const bad of [
      '3003020101',
      '3009 020101 020101 020101',
      '3006 020100 020101',
      '3007 020101 020105 00',
      '3006 0201ff 020101'
    ]) {
      expectDerError(() => decodeDerEcdsaSignature(hex(bad), 32))
    }
    expectDerError(() => decodeDerEcdsaSignature(derSequence(derUnsigned(hex('0101010101')), derUnsigned(1)), 4))
  })
})

describe('encodeDer', () => {
  it.each([0, 1, 127, 128, 255, 256, 65535, 65536])('round-trips a content of %i bytes', (length) => {
    const content = new Uint8Array(length).fill(7)
    expect(readDer(encodeDer(DER_TAG.octetString, content)).content).toEqual(content)
  })
})
