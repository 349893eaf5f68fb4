import { createPrivateKey, createPublicKey, verify, X509Certificate } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import {
  createClientCertificate,
  createEd25519Certificate,
  referenceExtensions
} from '../../../src/encoding/x509/index.js'
import { CocoonError } from '../../../src/errors.js'

const base = {
  notBefore: new Date(Date.UTC(2026, 0, 1)),
  notAfter: new Date(Date.UTC(2026, 0, 2)),
  serial: Uint8Array.of(0xf0, 1, 2)
}

describe('createEd25519Certificate', () => {
  it.each([1, 3] as const)(
    'makes a version %i certificate that an independent parser reads and verifies',
    async (version) => {
      const made = await createEd25519Certificate({
        ...base,
        version,
        extensions: (key) =>
          referenceExtensions(key, [
            { oid: '1.3.6.1.4.1.12345.1', critical: true, value: new Uint8Array(300).fill(9) },
            { oid: '1.3.6.1.4.1.12345.2', critical: true, value: key }
          ])
      })
      const parsed = new X509Certificate(made.certificateDer)
      expect(parsed.verify(parsed.publicKey)).toBe(true)
      expect(parsed.subject).toBe('C=AE\nST=DUBAI\nO=TDLib Development\nOU=Security\nCN=localhost')
      expect(parsed.issuer).toBe(parsed.subject)
      expect(parsed.subjectAltName).toBe('DNS:localhost, DNS:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
      expect(parsed.serialNumber).toBe('F00102')
      expect(new Date(parsed.validFrom)).toEqual(base.notBefore)
      expect(new Date(parsed.validTo)).toEqual(base.notAfter)
      const jwk = parsed.publicKey.export({ format: 'jwk' })
      expect(jwk.crv).toBe('Ed25519')
      expect(new Uint8Array(Buffer.from(jwk.x ?? '', 'base64url'))).toEqual(made.publicKey)
    }
  )

  it('gives a private key that belongs to the certificate', async () => {
    const made = await createEd25519Certificate(base)
    const key = createPrivateKey({ key: Buffer.from(made.privateKeyPkcs8), format: 'der', type: 'pkcs8' })
    expect(createPublicKey(key).export({ format: 'jwk' }).x).toBe(Buffer.from(made.publicKey).toString('base64url'))
    expect(new X509Certificate(made.certificateDer).checkPrivateKey(key)).toBe(true)
  })

  it('certifies a WebCrypto key pair, and a seed reproducibly', async () => {
    const keyPair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair
    const made = await createEd25519Certificate({ ...base, keyPair })
    expect(made.publicKey).toEqual(new Uint8Array(await crypto.subtle.exportKey('raw', keyPair.publicKey)))
    const seed = new Uint8Array(32).fill(5)
    const [first, second] = [
      await createEd25519Certificate({ ...base, seed }),
      await createEd25519Certificate({ ...base, seed })
    ]
    expect(first.certificateDer).toEqual(second.certificateDer)
  })

  it('refuses options it cannot honour', async () => {
    const rsa = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify'
    ])) as CryptoKeyPair
    const bad = [
      { serial: new Uint8Array(0) },
      { serial: new Uint8Array(4) },
      { notAfter: base.notBefore },
      { keyPair: rsa },
      { seed: new Uint8Array(31) }
    ]
    for (const change of bad) {
      const error = await createEd25519Certificate({ ...base, ...change }).catch((reason: unknown) => reason)
      expect(CocoonError.is(error, 'ERR_OPTIONS')).toBe(true)
    }
  })
})

describe('createClientCertificate', () => {
  it.each([
    ['this year', base.notBefore, base.notAfter],
    ['across 2050, where the form of times changes', new Date(Date.UTC(2049, 11, 31)), new Date(Date.UTC(2050, 0, 1))]
  ])(
    'makes a version 1 certificate that an independent parser reads and verifies: %s',
    async (_, notBefore, notAfter) => {
      const { certificateDer, sign } = await createClientCertificate({ serial: base.serial, notBefore, notAfter })
      const parsed = new X509Certificate(certificateDer)
      expect(parsed.verify(parsed.publicKey)).toBe(true)
      expect(parsed.subject).toBe('C=AE\nST=DUBAI\nO=TDLib Development\nOU=Security\nCN=localhost')
      expect(parsed.issuer).toBe(parsed.subject)
      expect(parsed.serialNumber).toBe('F00102')
      expect(new Date(parsed.validFrom)).toEqual(notBefore)
      expect(new Date(parsed.validTo)).toEqual(notAfter)
      const content = Uint8Array.of(1, 2, 3)
      expect(verify(null, content, parsed.publicKey, await sign(content))).toBe(true)
    }
  )

  it('is what the general maker writes, key and signature apart', async () => {
    const bytes = await createClientCertificate(base).then(({ certificateDer }) => certificateDer)
    const general = (await createEd25519Certificate(base)).certificateDer
    expect(bytes.length).toBe(general.length)
    const keyAt = bytes.length - 64 - 3 - 7 - 32
    expect(bytes.slice(0, keyAt)).toEqual(general.slice(0, keyAt))
    expect(bytes.slice(keyAt + 32, -64)).toEqual(general.slice(keyAt + 32, -64))
  })

  it('makes a key of its own for each, which nobody can read', async () => {
    const generate = vi.spyOn(crypto.subtle, 'generateKey')
    const [one, two] = [await createClientCertificate(base), await createClientCertificate(base)]
    expect(one.certificateDer).not.toEqual(two.certificateDer)
    expect(generate.mock.calls.map(([, extractable]) => extractable)).toEqual([false, false])
    generate.mockRestore()
  })
})
