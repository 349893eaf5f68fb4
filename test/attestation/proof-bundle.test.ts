import { beforeAll, describe, expect, it } from 'vitest'
import {
  createProofBundle,
  MAX_PROOF_BUNDLE_BYTES,
  type ProofBundle,
  tdxImageHash,
  verifyCertificate,
  verifyProofBundle,
  verifyTdxQuote
} from '../../src/attestation.js'
import { CocoonError } from '../../src/errors.js'
import { createSyntheticPeer, SYNTHETIC_NOW, type SyntheticPeer } from '../support/synthetic-tee.js'

let peer: SyntheticPeer
let bundle: ProofBundle
let options: Parameters<typeof verifyCertificate>[2]

beforeAll(async () => {
  peer = await createSyntheticPeer()
  options = { now: SYNTHETIC_NOW, policy: { imageHashes: [await tdxImageHash(peer.quote)] }, trust: peer.trust }
  bundle = await createProofBundle(
    { type: 'certificate', evidence: peer.certificate, collateral: peer.collateral },
    options
  )
})

describe('proof bundles', () => {
  it('lead to the same report, as object and as text', async () => {
    const report = await verifyCertificate(peer.certificate, peer.collateral, options)
    expect(await verifyProofBundle(bundle, { trust: peer.trust })).toEqual(report)
    expect(await verifyProofBundle(JSON.stringify(bundle, null, 2), { trust: peer.trust })).toEqual(report)
    expect(JSON.stringify(bundle).length).toBeLessThan(MAX_PROOF_BUNDLE_BYTES)
  })

  it('carry refusals and bare quotes too', async () => {
    const refused = { ...options, policy: { imageHashes: ['ab'.repeat(32)] }, publicKey: peer.publicKey }
    const made = await createProofBundle(
      { type: 'tdx-quote', evidence: peer.quote, collateral: JSON.stringify(peer.collateral) },
      refused
    )
    const report = await verifyTdxQuote(peer.quote, peer.collateral, refused)
    expect(report.refusedBy).toEqual(['image.hash'])
    expect(await verifyProofBundle(made, { trust: peer.trust })).toEqual(report)
  })

  it("can be judged by a list of one's own", async () => {
    const report = await verifyProofBundle(bundle, { trust: peer.trust, imageHashes: ['cd'.repeat(32)] })
    expect(report.refusedBy).toEqual(['image.hash'])
  })

  it('do not bring their roots along', async () => {
    expect((await verifyProofBundle(bundle)).refusedBy).toEqual(['bundle.report'])
  })

  it.each([
    ['another report id', { reportId: '00'.repeat(32) }],
    ['another time', { judgedAt: new Date(SYNTHETIC_NOW.getTime() + 1000).toISOString() }],
    ['another list', { policy: { imageHashes: ['ab'.repeat(32)] } }],
    ['another origin of the list', { provenance: ['image hashes: root contract'] }]
  ])('are refused with %s', async (_name, change) => {
    expect((await verifyProofBundle({ ...bundle, ...change }, { trust: peer.trust })).refusedBy).toEqual([
      'bundle.report'
    ])
  })

  it('are refused when malformed', async () => {
    const broken: unknown[] = [
      undefined,
      null,
      1,
      'x',
      '{}',
      [],
      {},
      { ...bundle, schema: 'x' },
      { ...bundle, type: 'x' },
      { ...bundle, evidence: '*' },
      { ...bundle, judgedAt: 'now' },
      { ...bundle, collateral: {} },
      { ...bundle, provenance: 'x' },
      { ...bundle, padding: 'x'.repeat(64_000) },
      `${JSON.stringify(bundle).slice(0, -1)},"type":"certificate"}`,
      () => bundle,
      10n
    ]
    for (const value of broken) {
      const report = await verifyProofBundle(value, { trust: peer.trust })
      expect(report.refusedBy).toEqual(['bundle.format'])
    }
  })

  it('have a size limit', async () => {
    const collateral = { ...peer.collateral, pck_crl: 'ab'.repeat(40_000) }
    const error = await createProofBundle(
      { type: 'certificate', evidence: peer.certificate, collateral },
      options
    ).catch((reason: unknown) => reason)
    expect(CocoonError.is(error, 'ERR_OPTIONS')).toBe(true)
  })
})
