/**
 * Edge cases of X25519 and Ed25519 in the manner of Wycheproof, on WebCrypto and on the fallback alike.
 *
 * @module
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import nacl from 'tweetnacl'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { concatBytes, hexToBytes } from '../../../src/encoding/index.js'
import { createClientCertificate, verifyEd25519 } from '../../../src/encoding/x509/index.js'
import { createKeyShare, createPortableKeyShare } from '../../../src/wire/tls/key-exchange.js'
import { readEd25519Key } from '../../../src/wire/tls/peer-authentication.js'
import { establish } from './support/connect-scripted.js'
import { P256_CERTIFICATE } from './support/p256-certificate.js'
import { createServerIdentity } from './support/scripted-server.js'

/** Makes WebCrypto refuse some algorithms, as older runtimes do. */
function withoutAlgorithms(...names: readonly string[]): void {
  const nameOf = (algorithm: unknown): string =>
    typeof algorithm === 'string' ? algorithm : (algorithm as { name: string }).name
  for (const [method, position] of [
    ['generateKey', 0],
    ['importKey', 2],
    ['sign', 0],
    ['verify', 0]
  ] as const) {
    const original = crypto.subtle[method].bind(crypto.subtle) as (...given: unknown[]) => Promise<unknown>
    vi.spyOn(crypto.subtle, method).mockImplementation(((...given: unknown[]) =>
      names.includes(nameOf(given[position]))
        ? Promise.reject(new DOMException('no', 'NotSupportedError'))
        : original(...given)) as never)
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(['WebCrypto', 'tweetnacl'])('X25519 on %s', (kind) => {
  const create = () => (kind === 'WebCrypto' ? createKeyShare('x25519') : createPortableKeyShare())

  // Points of small order, canonical and not (RFC 7748 §7; the list of cr.yp.to/ecdh.html).
  it.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    // The same with the unused top bit set, which is to be masked.
    '0000000000000000000000000000000000000000000000000000000000000080',
    '0100000000000000000000000000000000000000000000000000000000000080'
  ])('refuses the point %s: the shared secret would be zero', async (point) => {
    await expect((await create()).agree(hexToBytes(point))).rejects.toMatchObject({
      code: 'ERR_TLS',
      alertSent: { name: 'illegal_parameter' }
    })
  })

  it('accepts coordinates that are not reduced, and ignores the top bit', async () => {
    const base = Uint8Array.of(9, ...new Uint8Array(31))
    const masked = base.slice()
    masked[31] = 0x80
    const high = hexToBytes('f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f') // 9 + p − … : 2^255 − 10
    for (const point of [base, masked, high]) expect((await (await create()).agree(point)).length).toBe(32)
    const secretKey = new Uint8Array(32).fill(5)
    const share = () => createPortableKeyShare({ publicKey: base, secretKey: secretKey.slice() })
    expect(await (await share()).agree(masked)).toEqual(await (await share()).agree(base))
  })

  it.each([0, 31, 33, 65])('refuses a public key of %i bytes', async (length) => {
    await expect((await create()).agree(new Uint8Array(length).fill(9))).rejects.toMatchObject({
      alertSent: { name: 'illegal_parameter' }
    })
  })

  it('agrees with the other implementation', async () => {
    const [a, b] = [await create(), await createPortableKeyShare()]
    const [first, second] = await Promise.all([a.agree(b.publicKey), b.agree(a.publicKey)])
    expect(first).toEqual(second)
  })
})

describe('P-256', () => {
  it.each([
    ['a point that is not on the curve', Uint8Array.of(4, ...new Uint8Array(64).fill(1))],
    ['the point at infinity', Uint8Array.of(0, ...new Uint8Array(64))],
    ['a compressed point', Uint8Array.of(2, ...new Uint8Array(32).fill(1))],
    ['nothing', new Uint8Array(0)]
  ])('refuses %s', async (_name, point) => {
    await expect((await createKeyShare('secp256r1')).agree(point)).rejects.toMatchObject({
      alertSent: { name: 'illegal_parameter' }
    })
  })
})

describe.each(['WebCrypto', 'tweetnacl'])('Ed25519 on %s', (kind) => {
  const prepare = (): void => {
    if (kind === 'tweetnacl') withoutAlgorithms('Ed25519')
  }
  const message = new TextEncoder().encode('Hello')
  const keys = nacl.sign.keyPair.fromSeed(new Uint8Array(32).fill(3))
  const signature = nacl.sign.detached(message, keys.secretKey)
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const littleEndian = (value: bigint): Uint8Array =>
    Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))
  const toNumber = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

  it('accepts a good signature, also of another maker', async () => {
    prepare()
    expect(await verifyEd25519(keys.publicKey, signature, message)).toBe(true)
    const foreign = generateKeyPairSync('ed25519')
    const raw = new Uint8Array(foreign.publicKey.export({ format: 'der', type: 'spki' })).slice(-32)
    expect(await verifyEd25519(raw, new Uint8Array(sign(null, message, foreign.privateKey)), message)).toBe(true)
  })

  it('refuses a scalar that is not reduced: S + L, S + 2L, L itself, all ones', async () => {
    prepare()
    const r = signature.subarray(0, 32)
    const s = toNumber(signature.subarray(32))
    for (const scalar of [s + order, s + 2n * order, order, 2n ** 256n - 1n]) {
      expect(await verifyEd25519(keys.publicKey, concatBytes(r, littleEndian(scalar)), message)).toBe(false)
    }
    // Why it matters: this check is what stands between tweetnacl and malleable signatures.
    expect(nacl.sign.detached.verify(message, concatBytes(r, littleEndian(s + order)), keys.publicKey)).toBe(true)
  })

  it('refuses wrong lengths, changed bits, other messages, other keys and keys that are no points', async () => {
    prepare()
    for (const length of [0, 63, 65]) {
      expect(await verifyEd25519(keys.publicKey, new Uint8Array(length), message)).toBe(false)
    }
    for (const length of [0, 31, 33])
      expect(await verifyEd25519(new Uint8Array(length), signature, message)).toBe(false)
    for (let bit = 0; bit < 512; bit += 7) {
      const changed = signature.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(await verifyEd25519(keys.publicKey, changed, message)).toBe(false)
    }
    expect(await verifyEd25519(keys.publicKey, signature, new Uint8Array(5))).toBe(false)
    expect(await verifyEd25519(nacl.sign.keyPair().publicKey, signature, message)).toBe(false)
    expect(await verifyEd25519(new Uint8Array(32).fill(0xff), signature, message)).toBe(false)
    expect(await verifyEd25519(littleEndian(2n), signature, message)).toBe(false)
  })

  it('signs with the key of a client certificate, as the other one verifies', async () => {
    prepare()
    const serial = Uint8Array.of(0x41, 2)
    const day = [new Date(Date.UTC(2026, 0, 1)), new Date(Date.UTC(2026, 0, 2))] as const
    const made = await createClientCertificate({ serial, notBefore: day[0], notAfter: day[1] })
    const signed = await made.sign(message)
    vi.restoreAllMocks()
    expect(await verifyEd25519(readEd25519Key(made.certificateDer), signed, message)).toBe(true)
    expect(nacl.sign.detached.verify(message, signed, readEd25519Key(made.certificateDer))).toBe(true)
  })
})

describe('a runtime without X25519 and Ed25519 in WebCrypto', () => {
  it('handshakes all the same', async () => {
    withoutAlgorithms('X25519', 'Ed25519')
    const { server, stream } = await establish()
    await stream.write(Uint8Array.of(1))
    expect((await server.nextRecord())?.content).toEqual(Uint8Array.of(1))
  })
})

describe('the key of a certificate', () => {
  it('is read, or refused by kind', async () => {
    const { certificateDer } = await createServerIdentity()
    expect(readEd25519Key(certificateDer).length).toBe(32)
    expect(() => readEd25519Key(P256_CERTIFICATE)).toThrow(/Ed25519/)
  })

  it('cut anywhere: a typed error', async () => {
    const { certificateDer } = await createServerIdentity()
    for (let end = 0; end < certificateDer.length; end++) {
      let error: unknown
      try {
        readEd25519Key(certificateDer.subarray(0, end))
      } catch (thrown) {
        error = thrown
      }
      expect(error).toMatchObject({ code: 'ERR_TLS', alertSent: { name: 'bad_certificate' } })
    }
  })
})
