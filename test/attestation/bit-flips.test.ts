import { describe, expect, it } from 'vitest'
import {
  type AttestationReport,
  tdxImageHash,
  verifyCertificate,
  verifySnpReport,
  verifyTdxQuote
} from '../../src/attestation.js'
import { createSyntheticAmd, createSyntheticPeer, SYNTHETIC_NOW } from '../support/synthetic-tee.js'

/** A sample of what scripts/flip-every-bit.mjs does in full; another start on every run. */
const SAMPLES = Number(process.env['FC_NUM_RUNS'] ?? 60)
const start = Math.random()

const peer = await createSyntheticPeer()
const options = { now: SYNTHETIC_NOW, policy: { imageHashes: [await tdxImageHash(peer.quote)] }, trust: peer.trust }

const amd = createSyntheticAmd(new Uint8Array(64))
const amdImage = (await verifySnpReport(amd.report, amd.collateral, { ...options, trust: amd.trust })).imageHash ?? ''
const amdOptions = { ...options, policy: { imageHashes: [amdImage] }, trust: amd.trust }
const text = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)))

const targets: [string, Uint8Array, (bytes: Uint8Array) => Promise<AttestationReport>][] = [
  ['quote', peer.quote, (bytes) => verifyTdxQuote(bytes, peer.collateral, options)],
  ['certificate', peer.certificate, (bytes) => verifyCertificate(bytes, peer.collateral, options)],
  [
    'collateral',
    text(peer.collateral),
    (bytes) => verifyTdxQuote(peer.quote, Buffer.from(bytes).toString('latin1'), options)
  ],
  ['AMD report', amd.report, (bytes) => verifySnpReport(bytes, amd.collateral, amdOptions)],
  [
    'AMD collateral',
    text(amd.collateral),
    (bytes) => verifySnpReport(amd.report, Buffer.from(bytes).toString('latin1'), amdOptions)
  ]
]

describe('no bit may flip unnoticed', () => {
  it.each(targets)('in the %s', async (_name, bytes, verify) => {
    expect((await verify(bytes)).verdict).toBe('verified')
    const bits = bytes.length * 8
    for (let sample = 0; sample < SAMPLES; sample++) {
      const bit = Math.floor((((sample + start) / SAMPLES) % 1) * bits)
      const flipped = bytes.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const report = await verify(flipped)
      expect(`bit ${bit}: ${report.verdict}`).toBe(`bit ${bit}: refused`)
      expect(report.refusedBy).not.toContain('verifier.internal')
    }
  })
})
