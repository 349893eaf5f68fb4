import { describe, expect, test } from 'vitest'
import { CocoonError } from '../../src/errors.js'
import { ByteReader, ByteWriter, compareBytes, concatBytes, equalBytes, hexToBytes } from '../../src/encoding/index.js'

test('concatBytes', () => {
  expect(concatBytes()).toEqual(new Uint8Array(0))
  expect(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3))
})

test('equalBytes and compareBytes', () => {
  const cases: [string, string, -1 | 0 | 1][] = [
    ['', '', 0],
    ['00', '00', 0],
    ['00', '01', -1],
    ['80', '7f', 1],
    ['01', '0100', -1],
    ['02', '01ff', 1]
  ]
  for (const [a, b, order] of cases) {
    expect(compareBytes(hexToBytes(a), hexToBytes(b))).toBe(order)
    expect(compareBytes(hexToBytes(b), hexToBytes(a)) + order).toBe(0)
    expect(equalBytes(hexToBytes(a), hexToBytes(b))).toBe(order === 0)
  }
})

describe('ByteWriter and ByteReader', () => {
  test('every width', () => {
    const written = new ByteWriter(1)
      .u8(0xfe)
      .u32le(0xfedcba98)
      .i32le(-2)
      .i64le(-(2n ** 63n))
      .f64le(-0.5)
      .bytes(Uint8Array.of(7, 8))
      .zeros(3)
      .finish()
    expect(written).toEqual(hexToBytes('fe98badcfefeffffff0000000000000080000000000000e0bf0708000000'))
    const reader = new ByteReader(concatBytes(Uint8Array.of(0), written).subarray(1))
    expect([reader.u8(), reader.u32le(), reader.i32le()]).toEqual([0xfe, 0xfedcba98, -2])
    expect([reader.i64le(), reader.f64le()]).toEqual([-(2n ** 63n), -0.5])
    expect(reader.take(2)).toEqual(Uint8Array.of(7, 8))
    reader.skip(3)
    expect([reader.remaining, reader.offset]).toEqual([0, written.length])
    reader.end()
  })

  test('both orders', () => {
    const reader = new ByteReader(hexToBytes('3412123412345698badcfefedcba98'))
    expect([reader.u16le(), reader.u16be(), reader.u24be(), reader.u32le(), reader.u32be()]).toEqual([
      0x1234, 0x1234, 0x123456, 0xfedcba98, 0xfedcba98
    ])
  })

  test('a read beyond the end throws our error and moves nothing', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3))
    const reads: (() => unknown)[] = [
      () => reader.u32le(),
      () => reader.u32be(),
      () => reader.i64le(),
      () => reader.f64le(),
      () => reader.take(4),
      () => reader.take(-1),
      () => reader.take(NaN),
      () => reader.skip(2 ** 40),
      () => reader.end()
    ]
    for (const read of reads) {
      expect(read).toThrow(CocoonError)
      expect(reader.offset).toBe(0)
    }
    expect(reader.take(3).length).toBe(3)
  })

  test('the error can be somebody else’s', () => {
    const reader = new ByteReader(
      new Uint8Array(0),
      (message, offset) => new CocoonError('ERR_DER', `${message} ${offset}`, { phase: 'tls' })
    )
    expect(() => reader.u8()).toThrow(expect.objectContaining({ code: 'ERR_DER', message: 'not enough data 0' }))
  })
})
