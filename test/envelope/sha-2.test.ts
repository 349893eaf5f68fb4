import { describe, expect, it } from 'vitest'

import { bytesToHex, encodeUtf8 } from '../../src/encoding/index.js'
import { createHmac } from '../../src/envelope/hmac.js'
import { hash, SHA_256, SHA_512 } from '../../src/envelope/sha-2.js'

const KINDS = [
  { name: 'SHA-256', kind: SHA_256 },
  { name: 'SHA-512', kind: SHA_512 }
] as const

/** Bytes without a pattern that a wrong byte order would survive. */
const bytesOf = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, index) => (index * 167 + (index >> 3) * 29 + 11) & 255)

describe('hash', () => {
  it('gives the digests that FIPS 180-4 prints', () => {
    expect(bytesToHex(hash(SHA_256, encodeUtf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    )
    expect(bytesToHex(hash(SHA_512, encodeUtf8('abc')))).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f'
    )
  })

  it.each(KINDS)('$name: as the platform, for every length around the ends of blocks', async ({ name, kind }) => {
    for (let length = 0; length <= 300; length++) {
      const message = bytesOf(length)
      const theirs = new Uint8Array(await crypto.subtle.digest(name, message))
      expect(bytesToHex(hash(kind, message)), `${length} bytes`).toBe(bytesToHex(theirs))
    }
    const long = crypto.getRandomValues(new Uint8Array(10_007))
    expect(hash(kind, long)).toEqual(new Uint8Array(await crypto.subtle.digest(name, long)))
  })
})

describe('createHmac', () => {
  it.each(KINDS)('$name: as the platform, with random keys and messages', async ({ name, kind }) => {
    for (let run = 0; run < 100; run++) {
      const key = crypto.getRandomValues(new Uint8Array(32))
      const message = crypto.getRandomValues(new Uint8Array(run * 7))
      const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: name }, false, ['sign'])
      const theirs = new Uint8Array(await crypto.subtle.sign('HMAC', imported, message))
      expect(createHmac(kind, key)(message)).toEqual(theirs)
    }
  })

  it('can be used again, and for messages of any length', () => {
    const hmac = createHmac(SHA_512, bytesOf(32))
    expect(hmac(bytesOf(5))).toEqual(hmac(bytesOf(5)))
    expect(hmac(bytesOf(5))).not.toEqual(hmac(bytesOf(6)))
  })
})
