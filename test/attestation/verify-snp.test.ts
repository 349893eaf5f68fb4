import { describe, expect, it } from 'vitest'
import { type AttestationReport, verifyCertificate, verifySnpReport } from '../../src/attestation.js'
import { type AmdFaults, createSyntheticAmd, createSyntheticAmdPeer, SYNTHETIC_NOW } from '../support/synthetic-tee.js'
import { missingShared, readSharedJson, sharedPath } from '../support/shared.js'

const at = (days: number): Date => new Date(SYNTHETIC_NOW.getTime() + days * 86_400_000)
const reportData = new Uint8Array(64).fill(9)

/** SHA-256 over the measurement and 64 zero bytes, independent of the code under test. */
async function imageHashOf(measurement: Uint8Array): Promise<string> {
  const input = new Uint8Array(112)
  input.set(measurement)
  return Buffer.from(await crypto.subtle.digest('SHA-256', input)).toString('hex')
}

const imageHash = await imageHashOf(new Uint8Array(48).fill(0x92))

async function judge(faults: AmdFaults, policy: object = {}): Promise<AttestationReport> {
  const { report, collateral, trust } = createSyntheticAmd(reportData, faults)
  return await verifySnpReport(report, collateral, {
    now: SYNTHETIC_NOW,
    policy: { imageHashes: [imageHash], ...policy },
    trust
  })
}

describe('verifySnpReport', () => {
  it.each(['Milan', 'Milan-B0', 'Milan-B1'])('accepts a good report of %s', async (product) => {
    expect(await judge({ product })).toMatchObject({ verdict: 'verified', kind: 'snp', imageHash, refusedBy: [] })
  })

  it("trusts AMD's own roots only, when no devnet is named", async () => {
    const { report, collateral } = createSyntheticAmd(reportData)
    const answer = await verifySnpReport(report, collateral, {
      now: SYNTHETIC_NOW,
      policy: { imageHashes: [imageHash] }
    })
    expect(answer.refusedBy).toEqual(['snp.chain.root'])
    expect(answer.trust).toContain('roots: AMD root keys, built in')
  })

  const flip =
    (offset: number, mask = 1) =>
    (bytes: Uint8Array): void =>
      void (bytes[offset] = (bytes[offset] ?? 0) ^ mask)
  const cases: [string, AmdFaults, string][] = [
    ['a debug guest', { report: flip(10, 8) }, 'snp.guest.debug'],
    ['a migration agent', { report: flip(10, 4) }, 'snp.guest.migration'],
    ['a reserved policy bit', { report: flip(12) }, 'snp.guest.policy'],
    ['bit 17 of the policy unset', { report: flip(10, 2) }, 'snp.guest.policy'],
    ['VMPL 3', { report: flip(48, 3) }, 'snp.guest.vmpl'],
    ['another algorithm', { report: flip(52, 2) }, 'snp.report.algorithm'],
    ['a VLEK', { report: flip(72, 4) }, 'snp.report.signing-key'],
    ['a masked chip id', { report: flip(72, 2) }, 'snp.report.flags'],
    ['an unknown version', { report: flip(0, 8) }, 'snp.report.format'],
    ['reserved bytes', { report: flip(76) }, 'snp.report.format'],
    ['bytes after the signature', { unsignedReport: flip(1183) }, 'snp.report.format'],
    ['a scalar that is too long', { unsignedReport: flip(720) }, 'snp.report.format'],
    ['a changed signature', { unsignedReport: flip(672) }, 'snp.report.signature'],
    ['another image', { report: flip(144) }, 'image.hash'],
    ['another chip', { report: flip(416) }, 'snp.vcek.chip'],
    ['a VCEK of another level', { levels: [3, 0, 24, 219] }, 'snp.vcek.tcb'],
    ['committed below reported', { report: flip(480, 4) }, 'snp.tcb.order'],
    ['current below committed', { report: flip(56, 4) }, 'snp.tcb.order'],
    ['an unknown product', { product: 'Rome-B0' }, 'snp.product'],
    ['a product without a root', { product: 'Genoa-B1' }, 'snp.product'],
    ['no hardware id', { vcek: { extensions: [] } }, 'snp.vcek.extensions'],
    ['a VLEK certificate', { vcek: { subject: 'SEV-VLEK' } }, 'snp.vcek.certificate'],
    ['an expired VCEK', { vcek: { notAfter: at(-1) } }, 'snp.chain.validity'],
    ['a VCEK of another issuer', { vcek: { issuer: 'SEV-Genoa' } }, 'snp.chain.signatures'],
    ['a stale CRL', { crl: { nextUpdate: at(-1) } }, 'snp.crl.validity'],
    ['a CRL of somebody else', { crl: { issuer: 'ARK-Genoa' } }, 'snp.crl.signature'],
    ['a revoked ASK', { crl: { revoked: [0x11] } }, 'snp.crl.revocation'],
    ['an empty fake', { report: (report) => void report.fill(0, 0, 80).fill(0, 144, 672) }, 'evidence.genuine']
  ]

  it.each(cases)('refuses %s', async (_name, faults, check) => {
    const report = await judge(faults)
    expect(report.verdict).toBe('refused')
    expect(report.refusedBy).toContain(check)
    expect(report.refusedBy).not.toContain('verifier.internal')
  })

  it('keeps the TCB floor of the policy', async () => {
    const floor = (snp: number): object => ({ minSnpTcb: { bootloader: 4, tee: 0, snp, microcode: 219 } })
    expect((await judge({}, floor(24))).verdict).toBe('verified')
    expect((await judge({}, floor(25))).refusedBy).toEqual(['snp.tcb.floor'])
  })

  it('refuses garbage with a check', async () => {
    const good = createSyntheticAmd(reportData)
    const options = { now: SYNTHETIC_NOW, policy: { imageHashes: [imageHash] }, trust: good.trust }
    for (const value of [
      undefined,
      null,
      'x',
      {},
      new Uint8Array(3),
      new Uint8Array(1184).fill(1),
      new Uint8Array(5000)
    ]) {
      for (const call of [
        verifySnpReport(value as Uint8Array, good.collateral, options),
        verifySnpReport(good.report, value as typeof good.collateral, options)
      ]) {
        const report = await call
        expect(report.verdict).toBe('refused')
        expect(report.refusedBy).not.toContain('verifier.internal')
      }
    }
  })
})

describe('certificates around AMD evidence', () => {
  const policy = { imageHashes: [imageHash] }

  it('accepts a good one, and names the weaker binding as a residual', async () => {
    const { certificate, collateral, trust } = await createSyntheticAmdPeer()
    const report = await verifyCertificate(certificate, collateral, { now: SYNTHETIC_NOW, policy, trust })
    expect(report).toMatchObject({ verdict: 'verified', kind: 'snp' })
    expect(report.residuals.map(({ id }) => id)).toContain('residual.snp-configuration')
  })

  it.each([
    ['report data that differ', '1.3.6.1.4.1.12345.100', new Uint8Array(64), 'snp.report.copy'],
    ['a VCEK that is no PEM', '1.3.6.1.4.1.12345.102', new Uint8Array(64), 'snp.vcek.pem']
  ])('refuses %s', async (_name, oid, value, check) => {
    const peer = await createSyntheticAmdPeer({}, (list) =>
      list.map((extension) => (extension.oid === oid ? { ...extension, value } : extension))
    )
    const report = await verifyCertificate(peer.certificate, peer.collateral, {
      now: SYNTHETIC_NOW,
      policy,
      trust: peer.trust
    })
    expect(report.refusedBy).toContain(check)
  })

  it('refuses an incomplete family', async () => {
    const peer = await createSyntheticAmdPeer({}, (list) => list.slice(1))
    const report = await verifyCertificate(peer.certificate, peer.collateral, {
      now: SYNTHETIC_NOW,
      policy,
      trust: peer.trust
    })
    expect(report.refusedBy).toContain('certificate.evidence')
  })
})

interface SevVectors {
  readonly sev_synthetic: {
    readonly report_base64: string
    readonly vcek_pem: string
    readonly measurement: string
    readonly ratls_cert_pem: string
  }
  readonly ratls_cert_without_extensions_pem: string
  readonly ratls_cert_fake_tdx_new_496_byte_quote_pem: string
  readonly ratls_cert_fake_tdx_old_64_byte_quote_pem: string
}

const absent = sharedPath('vectors/sev.json') === undefined

describe.skipIf(absent)(
  `certificates of the reference (${absent ? missingShared('vectors/sev.json') : 'vectors/sev.json'})`,
  () => {
    const vectors = absent ? ({} as SevVectors) : readSharedJson<SevVectors>('vectors/sev.json')
    const derOf = (pem: string): Uint8Array =>
      new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
    const now = new Date('2026-11-23T00:00:00Z')
    const good = createSyntheticAmd(reportData)

    it('reads the report and its signature; only what hangs on AMD itself fails', async () => {
      const { sev_synthetic } = vectors
      const hash = await imageHashOf(new Uint8Array(Buffer.from(sev_synthetic.measurement, 'hex')))
      const report = await verifyCertificate(derOf(sev_synthetic.ratls_cert_pem), good.collateral, {
        now,
        policy: { imageHashes: [hash] },
        trust: good.trust
      })
      const outcome = (id: string): string | undefined => report.checks.find((check) => check.id === id)?.outcome
      expect(report.verdict).toBe('refused')
      expect(report.imageHash).toBe(hash)
      for (const id of [
        'certificate.der',
        'certificate.signature',
        'certificate.evidence',
        'snp.report.copy',
        'binding.report-data',
        'image.hash',
        'snp.vcek.pem'
      ]) {
        expect(`${id} ${outcome(id)}`).toBe(`${id} pass`)
      }
    })

    it.each([
      ['ratls_cert_without_extensions_pem', 'certificate.evidence'],
      ['ratls_cert_fake_tdx_new_496_byte_quote_pem', 'evidence.genuine'],
      ['ratls_cert_fake_tdx_old_64_byte_quote_pem', 'evidence.genuine']
    ] as const)('refuses %s', async (name, check) => {
      const constants = [
        '5c55c8f4db4010ba9203d83536d0609856af8c847ac039e37e7dde8fbd574b61',
        'b5fdab78d8947eacc864bfeecb4d2100780e5afe1cd8efafb124887913ac49fa'
      ]
      const report = await verifyCertificate(derOf(vectors[name]), good.collateral, {
        now,
        policy: { imageHashes: constants }
      })
      expect(report.refusedBy).toContain(check)
      expect(report.refusedBy).not.toContain('certificate.signature')
    })
  }
)
