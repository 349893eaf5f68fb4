import { describe, expect, it } from 'vitest'
import {
  type AttestationReport,
  type CheckId,
  tdxImageHash,
  verifyCertificate,
  verifySnpReport,
  verifyTdxQuote
} from '../../src/attestation.js'
import { encodeCertificatePem } from '../../src/encoding/x509/index.js'
import {
  createSyntheticAmd,
  createSyntheticIntel,
  createSyntheticPeer,
  type IntelFaults,
  issue,
  makeKey,
  SYNTHETIC_NOW
} from '../support/synthetic-tee.js'

const good = createSyntheticIntel(new Uint8Array(64))
const amd = createSyntheticAmd(new Uint8Array(64))
const peer = await createSyntheticPeer({}, { version: 3 })
const options = { now: SYNTHETIC_NOW, policy: { imageHashes: [await tdxImageHash(good.quote)] }, trust: good.trust }
const amdOptions = { ...options, trust: amd.trust }
const past = (days: number): string =>
  new Date(SYNTHETIC_NOW.getTime() - days * 86_400_000).toISOString().replace('.000', '')

type Made = Promise<AttestationReport>

/** A copy with one place changed; `from` and `to` are text. */
function replaced(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const at = Buffer.from(bytes).indexOf(from, 0, 'latin1')
  expect(at).toBeGreaterThan(0)
  const copy = bytes.slice()
  copy.set(Buffer.from(to, 'latin1'), at)
  return copy
}

function flipped(bytes: Uint8Array, offset: number): Uint8Array {
  const copy = bytes.slice()
  copy[offset] = (copy[offset] ?? 0) ^ 1
  return copy
}

/** First certificate of a PEM chain. */
function firstOf(chain: string): string {
  return chain.slice(0, chain.indexOf('-----END') + 26)
}

const quote = (bytes: Uint8Array): Made => verifyTdxQuote(bytes, good.collateral, options)
const collateral = (change: object): Made => verifyTdxQuote(good.quote, { ...good.collateral, ...change }, options)
const platform = (faults: IntelFaults): Made => {
  const made = createSyntheticIntel(new Uint8Array(64), faults)
  return verifyTdxQuote(made.quote, made.collateral, options)
}
const certificate = (der: Uint8Array): Made => verifyCertificate(der, peer.collateral, options)
const amdCollateral = (change: object): Made =>
  verifySnpReport(amd.report, { ...amd.collateral, ...change }, amdOptions)
const otherKey = makeKey('P-256')
const AUTHENTICATION = 48 + 584 + 4

/** One way to fail each check that the tests of single rooms do not reach. */
const cases: [CheckId, () => Made][] = [
  ['input.evidence', () => quote('quote' as unknown as Uint8Array)],
  ['input.time', () => verifyTdxQuote(good.quote, good.collateral, { ...options, now: new Date(Number.NaN) })],
  [
    'certificate.version',
    () => certificate(replaced(peer.certificate, '\xa0\x03\x02\x01\x02', '\xa0\x03\x02\x01\x01'))
  ],
  ['certificate.key', () => certificate(issue({ subject: 'x', issuer: 'x', serial: 1 }, otherKey, otherKey))],
  ['certificate.issuer', () => certificate(replaced(peer.certificate, 'localhost', 'localhosT'))],
  [
    'tdx.quote.body',
    () =>
      quote(
        createSyntheticIntel(new Uint8Array(64), { version5: true }).quote.map((byte, at) => (at === 48 ? 9 : byte))
      )
  ],
  ['tdx.quote.certification', () => quote(flipped(good.quote, AUTHENTICATION + 128))],
  ['tdx.quote.pem', () => quote(replaced(good.quote, '-----\nMII', '-----\rMII'))],
  ['tdx.quote.signature', () => quote(flipped(good.quote, AUTHENTICATION))],
  ['tdx.qe.signature', () => quote(flipped(good.quote, AUTHENTICATION + 134 + 384))],
  ['tdx.pck.certificates', () => quote(replaced(good.quote, '-----\nMII', '-----\nNII'))],
  ['tdx.signing.certificates', () => collateral({ tcb_info_issuer_chain: encodeCertificatePem(good.root) })],
  [
    'tdx.signing.root',
    () => collateral({ tcb_info_issuer_chain: firstOf(good.collateral.tcb_info_issuer_chain).repeat(2) })
  ],
  ['tdx.root-crl.format', () => collateral({ root_ca_crl: '3000' })],
  ['tdx.pck-crl.format', () => collateral({ pck_crl: '3000' })],
  ['tdx.collateral.format', () => collateral({ pck_crl: good.collateral.pck_crl.toUpperCase() })],
  ['tdx.tcb-info.validity', () => platform({ tcbInfo: (info) => void (info['nextUpdate'] = past(1)) })],
  ['tdx.qe-identity.validity', () => platform({ qeIdentity: (identity) => void (identity['nextUpdate'] = past(1)) })],
  [
    'tdx.qe-identity.signature',
    () => collateral({ qe_identity: good.collateral.qe_identity.replace('"isvprodid":2', '"isvprodid":3') })
  ],
  ['tdx.tcb-info.signature', () => collateral({ tcb_info: `${good.collateral.tcb_info} ` })],
  ['snp.collateral.format', () => amdCollateral({ crl: 7 })],
  ['snp.chain.root', () => amdCollateral({ cert_chain: firstOf(amd.collateral.cert_chain).repeat(2) })],
  ['snp.crl.format', () => amdCollateral({ crl: '3000' })]
]

describe('every check can fail', () => {
  it.each(cases)('%s', async (id, make) => {
    const report = await make()
    expect(report.verdict).toBe('refused')
    expect(report.refusedBy).toContain(id)
    expect(report.refusedBy).not.toContain('verifier.internal')
    expect(report.validUntil).toBeNull()
  })
})

describe('reports', () => {
  it('have every check once, an id over the rest, and a remedy for each failure', async () => {
    const report = await platform({ status: 'OutOfDate', advisoryIds: ['INTEL-SA-1'] })
    expect(report.checks.length).toBe(new Set(report.checks.map(({ id }) => id)).size)
    expect(report.id).toMatch(/^[0-9a-f]{64}$/)
    expect(report.advisoryIds).toEqual(['INTEL-SA-1'])
    expect(report.tcbStatus).toBe('OutOfDate')
    for (const check of report.checks) expect(check.remedy === undefined).toBe(check.outcome !== 'fail')
    expect(report.refusedBy).toEqual(
      report.checks.filter((check) => check.enforced && check.outcome === 'fail').map(({ id }) => id)
    )
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('state what cannot be known', async () => {
    const residuals = (await quote(good.quote)).residuals.map(({ id }) => id)
    expect(residuals).toEqual(
      expect.arrayContaining(['residual.worker', 'residual.freshness', 'residual.relay', 'residual.physical'])
    )
  })

  it('are equal for equal input and differ otherwise', async () => {
    const [first, second] = [await quote(good.quote), await quote(good.quote)]
    expect(second).toEqual(first)
    expect(first.verdict).toBe('verified')
    const later = await verifyTdxQuote(good.quote, good.collateral, {
      ...options,
      now: new Date(SYNTHETIC_NOW.getTime() + 1)
    })
    expect(later.id).not.toBe(first.id)
  })
})
