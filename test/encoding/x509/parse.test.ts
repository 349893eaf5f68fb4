import { describe, expect, it } from 'vitest'
import {
  derBitString,
  derOctetString,
  derSequence,
  derText,
  derUnsigned,
  encodeDer
} from '../../../src/encoding/der/index.js'
import {
  commonNameOf,
  createEd25519Certificate,
  decodeCertificateChainPem,
  encodeCertificatePem,
  parseCertificate,
  parseCrl,
  referenceExtensions,
  roleOf
} from '../../../src/encoding/x509/index.js'
import { CocoonError } from '../../../src/errors.js'
import { type CertificateSpec, issue, issueCrl, makeKey, SYNTHETIC_NOW } from '../../support/synthetic-tee.js'

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  } catch (error) {
    return CocoonError.is(error) ? error.code : 'foreign'
  }
}

const spec: CertificateSpec = { subject: 'Leaf', issuer: 'Root', serial: 0x8001 }
const keys = { p256: makeKey('P-256'), p384: makeKey('P-384'), rsa: makeKey('RSA') }

describe('parseCertificate', () => {
  it.each([
    ['p256', 'P-256', 'ECDSA-P256-SHA256'],
    ['p384', 'P-384', 'ECDSA-SHA384'],
    ['rsa', 'RSA', 'RSA-PSS-SHA384']
  ] as const)('reads %s', (name, key, signature) => {
    const parsed = parseCertificate(issue(spec, keys[name], keys[name]))
    expect(parsed).toMatchObject({ version: 3, signatureAlgorithm: signature, publicKey: { algorithm: key } })
    expect([...parsed.serial]).toEqual([0x80, 1])
    expect(commonNameOf(parsed.subject)).toBe('Leaf')
    expect(commonNameOf(parsed.issuer)).toBe('Root')
    expect(roleOf(parsed)).toEqual({ isCa: false, pathLength: undefined, keyUsage: 0xc0 })
    expect(roleOf(parseCertificate(issue({ ...spec, ca: true }, keys[name], keys[name])))).toMatchObject({
      isCa: true,
      keyUsage: 6
    })
  })

  it.each([1, 3] as const)('reads an Ed25519 certificate of version %i with extensions', async (version) => {
    const options = {
      notBefore: new Date(SYNTHETIC_NOW),
      notAfter: new Date(SYNTHETIC_NOW.getTime() + 1000),
      serial: Uint8Array.of(7)
    }
    const made = await createEd25519Certificate({ ...options, version, extensions: referenceExtensions })
    const parsed = parseCertificate(made.certificateDer)
    expect(parsed.version).toBe(version)
    expect(parsed.publicKey.bytes).toEqual(made.publicKey)
    expect(parsed.extensions.map(({ oid }) => oid)).toEqual([
      '2.5.29.19',
      '2.5.29.15',
      '2.5.29.37',
      '2.5.29.14',
      '2.5.29.17'
    ])
    expect(parsed.notAfter).toEqual(options.notAfter)
  })

  it('refuses every truncation, and every appended byte', () => {
    const der = issue(spec, keys.p256, keys.p256)
    for (let length = 0; length < der.length; length++)
      expect(codeOf(() => parseCertificate(der.subarray(0, length)))).toMatch(/^ERR_(DER|X509)$/)
    expect(codeOf(() => parseCertificate(new Uint8Array([...der, 0])))).toBe('ERR_DER')
  })

  it('survives every byte being anything, with typed errors only', () => {
    const der = issue(spec, keys.p256, keys.p256)
    for (let at = 0; at < der.length; at++) {
      for (const byte of [0, 0x7f, 0x80, 0xff]) {
        const changed = der.slice()
        changed[at] = byte
        expect(codeOf(() => parseCertificate(changed))).not.toBe('foreign')
      }
    }
  })

  it('counts a key of the wrong length as unknown', () => {
    const key = { ...keys.p256, spki: keys.p384.spki }
    expect(parseCertificate(issue(spec, { ...key, kind: 'P-256' }, keys.p256)).publicKey.algorithm).toBe('P-384')
    const short = derSequence(derSequence(Uint8Array.of(6, 3, 0x2b, 0x65, 0x70)), derBitString(new Uint8Array(31)))
    expect(parseCertificate(issue(spec, { ...keys.p256, spki: short }, keys.p256)).publicKey.algorithm).toBe('unknown')
  })
})

describe('parseCrl', () => {
  it('reads serials and dates', () => {
    const crl = parseCrl(issueCrl({ issuer: 'Root', revoked: [5, 0x1234] }, keys.p256))
    expect([...crl.revokedSerials]).toEqual(['05', '1234'])
    expect(commonNameOf(crl.issuer)).toBe('Root')
    expect(parseCrl(issueCrl({ issuer: 'Root' }, keys.rsa)).revokedSerials.size).toBe(0)
  })

  it('refuses truncations', () => {
    const der = issueCrl({ issuer: 'Root', revoked: [5] }, keys.p256)
    for (let length = 0; length < der.length; length++)
      expect(codeOf(() => parseCrl(der.subarray(0, length)))).toMatch(/^ERR_(DER|X509)$/)
  })
})

describe('names', () => {
  it('demand exactly one common name', () => {
    expect(codeOf(() => commonNameOf(derSequence()))).toBe('ERR_X509')
    expect(codeOf(() => commonNameOf(derSequence(derSequence())))).toBe('ERR_DER')
    const attribute = encodeDer(0x31, derSequence(Uint8Array.of(6, 3, 0x55, 4, 3), derText(0x0c, 'x')))
    expect(codeOf(() => commonNameOf(derSequence(attribute, attribute)))).toBe('ERR_X509')
    const odd = encodeDer(0x31, derSequence(Uint8Array.of(6, 3, 0x55, 4, 3), derOctetString(Uint8Array.of(1))))
    expect(codeOf(() => commonNameOf(derSequence(odd)))).toBe('ERR_X509')
    expect(codeOf(() => commonNameOf(derUnsigned(1)))).toBe('ERR_DER')
  })
})

describe('PEM', () => {
  const ders = [1, 48, 49, 200].map((length) => new Uint8Array(length).fill(length))
  const text = ders.map(encodeCertificatePem).join('')

  it('round-trips chains, with or without the last line feed', () => {
    expect(decodeCertificateChainPem(text)).toEqual(ders)
    expect(decodeCertificateChainPem(text.slice(0, -1))).toEqual(ders)
  })

  it.each([
    ['nothing', ''],
    ['text before', ` ${text}`],
    ['text after', `${text}x`],
    ['two line feeds at the end', `${text}\n`],
    ['carriage returns', text.replaceAll('\n', '\r\n')],
    ['long lines', `-----BEGIN CERTIFICATE-----\n${'AAAA'.repeat(30)}\n-----END CERTIFICATE-----\n`],
    ['another label', text.replaceAll('CERTIFICATE', 'X509 CRL')],
    ['no end', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
    ['bits behind the last byte', '-----BEGIN CERTIFICATE-----\nAB==\n-----END CERTIFICATE-----\n'],
    ['too many certificates', encodeCertificatePem(new Uint8Array(1)).repeat(9)],
    ['too long a text', encodeCertificatePem(new Uint8Array(70_000))]
  ])('refuses %s', (_name, bad) => {
    expect(codeOf(() => decodeCertificateChainPem(bad))).toMatch(/^ERR_(X509|ENCODING)$/)
  })
})
