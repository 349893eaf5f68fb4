import { describe, expect, it } from 'vitest'

import { bytesToHex, equalBytes, hexToBytes, prepareLongHex, writeHex } from '../../src/encoding/index.js'
import { tableBytesToHex, tableWriteHex } from '../../src/encoding/hex-tables.js'

const LENGTHS = [0, 1, 255, 256, 257, 1000, 32_767, 32_768, 32_769, 65_536, 100_001]

const naive = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}

describe('hex of any length', () => {
  it.each(LENGTHS)('writes and reads %i bytes, by tables and by the platform, at odd offsets too', (length) => {
    const bytes = randomBytes(length + 1).subarray(1)
    const hex = naive(bytes)
    expect(bytesToHex(bytes)).toBe(hex)
    expect(tableBytesToHex(bytes)).toBe(hex)
    for (const text of [hex, hex.toUpperCase()]) {
      expect(equalBytes(hexToBytes(text), bytes)).toBe(true)
      const target = new Uint8Array(length + 17)
      tableWriteHex(text, target)
      expect(equalBytes(target.subarray(0, length), bytes)).toBe(true)
      expect(target.subarray(length)).toEqual(new Uint8Array(17))
    }
  })

  it.each(['g', 'é', '🦋'[0]!, '\u0130', '\x10', ' ', '\0'])('refuses %j anywhere', (bad) => {
    const hex = naive(randomBytes(70_000))
    for (const at of [0, 1, 513, 65_535, 65_536, hex.length - 1]) {
      const broken = hex.slice(0, at) + bad + hex.slice(at + 1)
      const target = new Uint8Array(hex.length)
      for (const read of [hexToBytes, () => writeHex(broken, target), () => tableWriteHex(broken, target)])
        expect(() => read(broken)).toThrow(expect.objectContaining({ code: 'ERR_ENCODING' }))
    }
    expect(() => hexToBytes(`${hex}0`)).toThrow(expect.objectContaining({ code: 'ERR_ENCODING' }))
  })

  it('is the same once what makes it fast is there, and prepared twice', async () => {
    const bytes = randomBytes(70_001)
    const before = bytesToHex(bytes)
    await Promise.all([prepareLongHex(), prepareLongHex()])
    await prepareLongHex()
    expect(bytesToHex(bytes)).toBe(before)
    expect(equalBytes(hexToBytes(before.toUpperCase()), bytes)).toBe(true)
    for (const bad of [`${before.slice(1)}g`, `${before}0`])
      expect(() => hexToBytes(bad)).toThrow(expect.objectContaining({ code: 'ERR_ENCODING' }))
  })
})
