import { describe, expect, it } from 'vitest'
import { refuseAll } from '../../src/attestation/index.js'
import { createEd25519Certificate, referenceExtensions } from '../../src/encoding/x509/index.js'
import { acceptAnyPeer, acceptFakeTee } from '../../src/unsafe.js'

const now = new Date(Date.UTC(2026, 3, 10, 12))
const address = 'proxy.test:443'

async function sha512(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-512', bytes.slice()))
}

async function certificate(quoteOf: (key: Uint8Array) => Promise<Uint8Array>, change = {}): Promise<Uint8Array> {
  const made = await createEd25519Certificate({
    notBefore: new Date(now.getTime() - 3_600_000),
    notAfter: new Date(now.getTime() + 3_600_000),
    serial: Uint8Array.of(1),
    version: 1,
    extensions: async (key) =>
      referenceExtensions(key, [
        { oid: '1.3.6.1.4.1.12345.1', critical: true, value: await quoteOf(key) },
        { oid: '1.3.6.1.4.1.12345.2', critical: true, value: key }
      ]),
    ...change
  })
  return made.certificateDer
}

const padded = (reportData: Uint8Array): Uint8Array => {
  const quote = new Uint8Array(496)
  quote.set(reportData, 384)
  return quote
}

describe('refuseAll', () => {
  it('refuses anything, with a report', async () => {
    const verdict = await refuseAll().judge({ certificateDer: new Uint8Array(3), address }, { now })
    expect(verdict).toMatchObject({
      accepted: false,
      verified: false,
      report: { verdict: 'refused', refusedBy: ['policy.accepts'] }
    })
    expect(verdict.report.checks.length).toBeGreaterThanOrEqual(50)
  })
})

describe('acceptAnyPeer', () => {
  it('accepts, and says that nothing was verified', async () => {
    const verdict = await acceptAnyPeer().judge({ certificateDer: new Uint8Array(3), address }, { now })
    expect(verdict).toMatchObject({
      accepted: true,
      verified: false,
      report: { verdict: 'refused', refusedBy: ['unsafe.accepted'] }
    })
    expect(verdict.report.checks.filter((check) => check.outcome === 'pass').map((check) => check.id)).toEqual([
      'verifier.internal'
    ])
  })
})

describe('acceptFakeTee', () => {
  it.each([
    ['64 bytes', sha512],
    ['496 bytes', async (key: Uint8Array) => padded(await sha512(key))]
  ])('accepts a fake of %s that names the key', async (_name, quoteOf) => {
    const verdict = await acceptFakeTee().judge({ certificateDer: await certificate(quoteOf), address }, { now })
    expect(verdict).toMatchObject({
      accepted: true,
      verified: false,
      report: { verdict: 'refused', kind: 'fake', refusedBy: ['unsafe.accepted'] }
    })
  })

  it.each([
    ['another key', async () => sha512(new Uint8Array(32)), {}],
    ['real-looking evidence', async () => new Uint8Array(5010), {}],
    ['measurements in the fake', async (key: Uint8Array) => padded(await sha512(key)).fill(1, 0, 1), {}],
    ['an expired certificate', sha512, { notAfter: new Date(now.getTime() - 301_000) }],
    ['no evidence', sha512, { extensions: [] }]
  ])('refuses %s', async (_name, quoteOf, change) => {
    const verdict = await acceptFakeTee().judge(
      { certificateDer: await certificate(quoteOf, change), address },
      { now }
    )
    expect(verdict.accepted).toBe(false)
    expect(verdict.report.refusedBy.length).toBeGreaterThan(1)
  })

  it('names the binding that is missing', async () => {
    const verdict = await acceptFakeTee().judge(
      { certificateDer: await certificate(async () => new Uint8Array(64)), address },
      { now }
    )
    expect(verdict.report.refusedBy).toEqual(['unsafe.accepted', 'unsafe.fake-evidence'])
  })

  it('refuses bytes that are no certificate', async () => {
    const verdict = await acceptFakeTee().judge({ certificateDer: new Uint8Array(40), address }, { now })
    expect(verdict.report.refusedBy).toContain('certificate.der')
  })
})
