import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CocoonError } from '../../src/errors.js'
import {
  bytesToHex,
  decodeBase64,
  decodeUtf8,
  decodeUtf8Strict,
  encodeBase64,
  encodeUtf8,
  hexToBytes,
  Utf8StreamDecoder
} from '../../src/encoding/index.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 300)

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return CocoonError.is(error) ? error.code : 'not ours'
  }
  return 'nothing thrown'
}

describe('hex', () => {
  test('both ways, either case', () => {
    expect(bytesToHex(Uint8Array.of(0, 1, 0x9a, 0xff))).toBe('00019aff')
    expect(hexToBytes('00019aFF')).toEqual(Uint8Array.of(0, 1, 0x9a, 0xff))
    expect(hexToBytes('')).toEqual(new Uint8Array(0))
  })

  test.each(['0', '0g', '0x', ' 00', '00 ', '０0', '\u01300', '@0', '`0', 'G0', ':0', '/0'])('refuses %j', (text) => {
    expect(codeOf(() => hexToBytes(text))).toBe('ERR_ENCODING')
  })
})

describe('base64', () => {
  // RFC 4648 §10
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy']
  ])('%j is %s', (text, base64) => {
    expect(encodeBase64(encodeUtf8(text))).toBe(base64)
    expect(decodeUtf8(decodeBase64(base64))).toBe(text)
    const bare = base64.replaceAll('=', '')
    expect(encodeBase64(encodeUtf8(text), { urlSafe: true })).toBe(bare)
    expect(decodeUtf8(decodeBase64(bare, { urlSafe: true }))).toBe(text)
    expect(decodeUtf8(decodeBase64(bare, { padding: false }))).toBe(text)
    expect(decodeUtf8(decodeBase64(base64, { urlSafe: true, padding: true }))).toBe(text)
  })

  test('equals the platform for every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const platform = Buffer.from(bytes)
        expect(encodeBase64(bytes)).toBe(platform.toString('base64'))
        expect(encodeBase64(bytes, { urlSafe: true })).toBe(platform.toString('base64url'))
        expect(decodeBase64(platform.toString('base64'))).toEqual(new Uint8Array(bytes))
        expect(decodeBase64(platform.toString('base64url'), { urlSafe: true })).toEqual(new Uint8Array(bytes))
      }),
      { numRuns }
    )
  })

  test('what it reads, it would write', () => {
    const characters = fc.constantFrom(...Array.from('AZaz059+/-_= \n'))
    fc.assert(
      fc.property(
        fc.string({ unit: characters, maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        (text, urlSafe, padding) => {
          const code = codeOf(() =>
            expect(encodeBase64(decodeBase64(text, { urlSafe, padding }), { urlSafe, padding })).toBe(text)
          )
          expect(['nothing thrown', 'ERR_ENCODING']).toContain(code)
        }
      ),
      { numRuns: numRuns * 10 }
    )
  })

  test.each([
    'Zg',
    'Zg=',
    'Zg===',
    'Z',
    'Zm9vY',
    'Zh==',
    'Zm9=',
    'Zm 9v',
    'Zm9v\n',
    'Zm-_',
    '====',
    '=',
    'Zg==Zg==',
    'Ｚg=='
  ])('refuses %j', (text) => expect(codeOf(() => decodeBase64(text))).toBe('ERR_ENCODING'))
})

describe('UTF-8', () => {
  const text = '\ufeffaé漢字🥥\u0000\ud7ff'
  const bytes = encodeUtf8(text)

  test('keeps a byte order mark', () => {
    expect(decodeUtf8(bytes)).toBe(text)
    expect(decodeUtf8Strict(bytes)).toBe(text)
  })

  test('split at every byte, and in pieces of one', () => {
    for (let at = 0; at <= bytes.length; at++) {
      const decoder = new Utf8StreamDecoder()
      expect(decoder.push(bytes.subarray(0, at)) + decoder.push(bytes.subarray(at)) + decoder.finish()).toBe(text)
    }
    const decoder = new Utf8StreamDecoder({ fatal: true })
    expect(Array.from(bytes, (byte) => decoder.push(Uint8Array.of(byte))).join('') + decoder.finish()).toBe(text)
  })

  test('what is not UTF-8: replaced, or refused with our error', () => {
    const broken = hexToBytes('41ff42')
    expect(decodeUtf8(broken)).toBe('A\ufffdB')
    expect(codeOf(() => decodeUtf8Strict(broken))).toBe('ERR_ENCODING')
    expect(codeOf(() => new Utf8StreamDecoder({ fatal: true }).push(broken))).toBe('ERR_ENCODING')
    const cut = new Utf8StreamDecoder()
    expect(cut.push(hexToBytes('41f09fa5')) + cut.finish()).toBe('A\ufffd')
    const strict = new Utf8StreamDecoder({ fatal: true })
    expect(strict.push(hexToBytes('f09f'))).toBe('')
    expect(codeOf(() => strict.finish())).toBe('ERR_ENCODING')
  })
})

describe('long hex', () => {
  test.each([255, 256, 257, 300, 4097])('%i bytes, at even and odd offsets', (length) => {
    for (const offset of [0, 1]) {
      const bytes = Uint8Array.from({ length: length + offset }, (_, index) => (index * 167 + 13) & 255).subarray(
        offset
      )
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
      expect(bytesToHex(bytes)).toBe(hex)
      expect(hexToBytes(hex)).toEqual(bytes.slice())
      expect(hexToBytes(hex.toUpperCase())).toEqual(bytes.slice())
      for (const bad of ['g', '/', ':', '@', '`', '\u0130', '\u00e9'])
        for (const at of [0, 1, hex.length - 1])
          expect(() => hexToBytes(hex.slice(0, at) + bad + hex.slice(at + 1))).toThrow(
            expect.objectContaining({ code: 'ERR_ENCODING' })
          )
    }
  })
})
