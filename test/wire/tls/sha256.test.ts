/**
 * SHA-256 and HMAC against node:crypto, at every length around the blocks.
 *
 * @module
 */
import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bytesToHex, encodeUtf8 } from '../../../src/encoding/index.js'
import { HmacSha256, sha256 } from '../../../src/wire/tls/sha256.js'
import { SeededRandom } from '../../support/seeded-random.js'

const random = new SeededRandom()

describe('sha256', () => {
  it('gives the digests that FIPS 180 prints', () => {
    expect(bytesToHex(sha256(encodeUtf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    )
    expect(bytesToHex(sha256(encodeUtf8('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'
    )
  })

  it('agrees with node:crypto at every length', () => {
    for (let length = 0; length < 260; length++) {
      const bytes = random.bytes(length)
      expect(bytesToHex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
  })

  it('leaves its input as it is', () => {
    const bytes = random.bytes(100)
    const before = bytes.slice()
    sha256(bytes)
    expect(bytes).toEqual(before)
  })
})

describe('HmacSha256', () => {
  it('agrees with node:crypto for keys of every length', () => {
    for (let length = 0; length <= 64; length++) {
      const key = random.bytes(length)
      const bytes = random.bytes(3 * length)
      expect(bytesToHex(new HmacSha256(key).mac(bytes))).toBe(createHmac('sha256', key).update(bytes).digest('hex'))
    }
  })
})
