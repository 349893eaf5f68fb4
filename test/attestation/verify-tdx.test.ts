import { describe, expect, it } from 'vitest'
import { tdxImageHash, verifyCertificate, verifyTdxQuote } from '../../src/attestation.js'
import type { AttestationReport, TdxCollateral } from '../../src/attestation.js'
import { missingShared, readSharedBytes, readSharedJson, sharedPath } from '../support/shared.js'
import {
  createSyntheticIntel,
  createSyntheticPeer,
  type IntelFaults,
  type PeerFaults,
  SYNTHETIC_NOW
} from '../support/synthetic-tee.js'

const at = (days: number): Date => new Date(SYNTHETIC_NOW.getTime() + days * 86_400_000)
const failed = (report: AttestationReport): readonly string[] => report.refusedBy

const QUOTE = 'evidence/tdx-quote-cocoon.dat'
const COLLATERAL = 'evidence/tdx-collateral-90C06F000000-2026-02.json'
const absent = sharedPath(QUOTE) === undefined

describe.skipIf(absent)(
  `evidence of a real machine (${absent ? missingShared(QUOTE) : 'beside this checkout'})`,
  () => {
    const quote = absent ? new Uint8Array(0) : readSharedBytes(QUOTE)
    const collateral = absent ? ({} as TdxCollateral) : readSharedJson<TdxCollateral>(COLLATERAL)
    const now = new Date('2026-03-01T00:00:00Z')

    it('has the image hash of the sheet (attestation.md §1.3)', async () => {
      expect(await tdxImageHash(quote)).toBe('04b3afd931d28680af91a15b09d672c40ad6b141f7f9089a8d67d595220f7436')
    })

    it('verifies UpToDate inside its dates, as object and as text', async () => {
      const policy = { imageHashes: [await tdxImageHash(quote)] }
      const report = await verifyTdxQuote(quote, collateral, { now, policy })
      expect(report).toMatchObject({
        verdict: 'verified',
        tcbStatus: 'UpToDate',
        refusedBy: [],
        advisoryIds: [],
        kind: 'tdx'
      })
      expect(report.validUntil).toBe('2026-03-20T10:41:15.000Z')
      expect(report.checks.length).toBeGreaterThanOrEqual(50)
      expect(await verifyTdxQuote(quote, JSON.stringify(collateral), { now, policy })).toEqual(report)
    })

    it.each(['2026-02-18T10:00:00Z', '2026-03-20T11:00:00Z', '2025-01-01T00:00:00Z'])(
      'is refused at %s',
      async (time) => {
        const report = await verifyTdxQuote(quote, collateral, {
          now: new Date(time),
          policy: { imageHashes: [await tdxImageHash(quote)] }
        })
        expect(report.verdict).toBe('refused')
        expect(failed(report).every((id) => id.endsWith('.validity'))).toBe(true)
      }
    )

    it('verifies the second sample at its date', async () => {
      const sample = readSharedBytes('evidence/tdx-quote-sample2.dat')
      const report = await verifyTdxQuote(
        sample,
        readSharedJson<TdxCollateral>('evidence/tdx-collateral-sample2.json'),
        {
          now: new Date('2025-06-20T12:00:00Z'),
          policy: { imageHashes: [await tdxImageHash(sample)] }
        }
      )
      expect(report).toMatchObject({ verdict: 'verified', tcbStatus: 'UpToDate' })
    })

    it('is refused with the collateral of another platform', async () => {
      const other = readSharedJson<TdxCollateral>('evidence/tdx-collateral-sample2.json')
      const report = await verifyTdxQuote(quote, other, {
        now: new Date('2025-06-20T12:00:00Z'),
        policy: { imageHashes: [await tdxImageHash(quote)] }
      })
      expect(failed(report)).toContain('tdx.tcb-info.platform')
    })
  }
)

const reportData = new Uint8Array(64).fill(9)

async function judge(faults: IntelFaults, policy: object = {}, now: Date = SYNTHETIC_NOW): Promise<AttestationReport> {
  const { quote, collateral, trust } = createSyntheticIntel(reportData, faults)
  const imageHash = createSyntheticIntel(reportData, { version5: faults.version5 === true }).quote
  return await verifyTdxQuote(quote, collateral, {
    now,
    policy: { imageHashes: [await tdxImageHash(imageHash)], ...policy },
    trust
  })
}

describe('synthetic platforms', () => {
  it.each([[{}], [{ version5: true }]])('accepts a good one %j', async (faults) => {
    expect(await judge(faults)).toMatchObject({ verdict: 'verified', tcbStatus: 'UpToDate', refusedBy: [] })
  })

  it('is not accepted without the devnet trust, nor with a look-alike of it', async () => {
    const { quote, collateral } = createSyntheticIntel(reportData)
    const policy = { imageHashes: [await tdxImageHash(quote)] }
    const plain = await verifyTdxQuote(quote, collateral, { now: SYNTHETIC_NOW, policy })
    expect(failed(plain)).toEqual(expect.arrayContaining(['tdx.pck.root']))
    const forged = { devnet: 'synthetic' }
    expect(failed(await verifyTdxQuote(quote, collateral, { now: SYNTHETIC_NOW, policy, trust: forged }))).toEqual([
      'input.trust'
    ])
  })

  const flip =
    (offset: number, mask = 1) =>
    (bytes: Uint8Array): void =>
      void (bytes[offset] = (bytes[offset] ?? 0) ^ mask)
  const cases: [string, IntelFaults, string][] = [
    ['debug', { body: flip(120) }, 'tdx.td.debug'],
    ['another bit of the debug group', { body: flip(120, 0x10) }, 'tdx.td.debug'],
    ['a reserved attribute', { body: flip(124) }, 'tdx.td.attributes'],
    ['migratable', { body: flip(123, 0x20) }, 'tdx.td.attributes'],
    ['no SEPT_VE_DISABLE', { body: flip(123, 0x10) }, 'tdx.td.sept-ve'],
    ['unknown XFAM', { body: flip(135, 0x80) }, 'tdx.td.xfam'],
    ['XFAM without SSE', { body: flip(128, 2) }, 'tdx.td.xfam'],
    ['no module', { body: (body) => body.fill(0, 16, 64) }, 'tdx.module.measurement'],
    ['a foreign module signer', { body: flip(64) }, 'tdx.module.signer'],
    ['module attributes', { body: flip(112) }, 'tdx.module.attributes'],
    ['an unknown module version', { body: flip(1, 4) }, 'tdx.module.identity'],
    ['a module below every level', { body: (body) => void (body[0] = 4) }, 'tdx.module.identity'],
    ['a service domain', { version5: true, body: flip(600) }, 'tdx.td.service-td'],
    ['an outdated current level in TD 1.5', { version5: true, body: (body) => void (body[588] = 1) }, 'tdx.tcb.level'],
    ['components below every level', { body: (body) => void (body[2] = 2) }, 'tdx.tcb.level'],
    ['another image', { body: flip(200) }, 'image.hash'],
    ['OutOfDate', { status: 'OutOfDate' }, 'tdx.tcb.status'],
    ['Revoked', { status: 'Revoked' }, 'tdx.tcb.status'],
    ['SWHardeningNeeded', { status: 'SWHardeningNeeded', advisoryIds: ['INTEL-SA-1'] }, 'tdx.tcb.status'],
    ['an outdated module', { moduleStatus: 'OutOfDate' }, 'tdx.tcb.status'],
    ['a revoked module', { moduleStatus: 'Revoked' }, 'tdx.tcb.status'],
    ['an outdated enclave', { enclaveStatus: 'OutOfDate' }, 'tdx.tcb.status'],
    ['an unknown status', { status: 'Fine' }, 'tdx.tcb-info.format'],
    ['another platform', { fmspc: '90C06F000001' }, 'tdx.tcb-info.platform'],
    ['TCB info for SGX', { tcbInfo: (info) => void (info['id'] = 'SGX') }, 'tdx.tcb-info.format'],
    ['15 components', { tcbInfo: (info) => void (info['tcbLevels'] = []) }, 'tdx.tcb.level'],
    ['QE identity for SGX', { qeIdentity: (identity) => void (identity['id'] = 'QE') }, 'tdx.qe-identity.format'],
    ['another enclave signer', { qeReport: flip(128) }, 'tdx.qe.identity'],
    ['another enclave product', { qeReport: flip(256) }, 'tdx.qe.identity'],
    ['a debug enclave', { qeReport: flip(48, 2) }, 'tdx.qe.attributes'],
    ['enclave miscselect', { qeReport: flip(16) }, 'tdx.qe.attributes'],
    ['an enclave below every level', { qeReport: flip(258, 4) }, 'tdx.qe.level'],
    ['another attestation key', { qeReport: flip(320) }, 'tdx.qe.report-data'],
    ['data in the second half of the enclave report data', { qeReport: flip(383) }, 'tdx.qe.report-data'],
    ['a foreign enclave vendor', { header: flip(12) }, 'tdx.quote.vendor'],
    ['a revoked PCK', { revoked: ['pck'] }, 'tdx.pck.revocation'],
    ['a revoked platform CA', { revoked: ['platformCa'] }, 'tdx.pck.revocation'],
    ['a revoked signer of collateral', { revoked: ['signing'] }, 'tdx.signing.revocation'],
    ['a stale root CRL', { rootCrl: { nextUpdate: at(-1) } }, 'tdx.root-crl.validity'],
    ['a stale PCK CRL', { pckCrl: { nextUpdate: at(-1) } }, 'tdx.pck-crl.validity'],
    ['a root CRL of somebody else', { rootCrl: { issuer: 'Somebody' } }, 'tdx.root-crl.signature'],
    ['a PCK CRL of somebody else', { pckCrl: { issuer: 'Intel SGX Root CA' } }, 'tdx.pck-crl.signature'],
    ['an expired PCK', { pck: { notAfter: at(-1) } }, 'tdx.pck.validity'],
    ['an expired signer', { signing: { notAfter: at(-1) } }, 'tdx.signing.validity'],
    ['a PCK that is a CA', { pck: { ca: true } }, 'tdx.pck.chain'],
    ['a PCK of another name', { pck: { subject: 'PCK' } }, 'tdx.pck.names'],
    ['a PCK without the SGX extension', { pck: { extensions: [] } }, 'tdx.pck.extension'],
    ['collateral signed by a PCK', { signWithPck: true }, 'tdx.signing.chain'],
    [
      'collateral signed by another leaf of the root',
      { signing: { subject: 'Intel SGX PCK Certificate' } },
      'tdx.signing.names'
    ],
    ['bytes after the end', { trailing: Uint8Array.of(0, 0, 1) }, 'tdx.quote.length']
  ]

  it.each(cases)('refuses %s', async (_name, faults, check) => {
    const report = await judge(faults)
    expect(report.verdict).toBe('refused')
    expect(failed(report)).toContain(check)
    expect(failed(report)).not.toContain('verifier.internal')
    expect(report.checks.find(({ id }) => id === check)?.remedy).toBeTypeOf('string')
  })

  it('tolerates a status only with every advisory named, and only until the end', async () => {
    const faults = { status: 'SWHardeningNeeded', advisoryIds: ['INTEL-SA-1', 'INTEL-SA-2'] }
    const tolerate = (advisoryIds: string[], expiresAt: Date): object => ({
      tolerate: [{ status: 'SWHardeningNeeded', advisoryIds, expiresAt }]
    })
    const accepted = await judge(faults, tolerate(['INTEL-SA-2', 'INTEL-SA-1'], at(1)))
    expect(accepted).toMatchObject({
      verdict: 'verified',
      tcbStatus: 'SWHardeningNeeded',
      validUntil: at(1).toISOString()
    })
    expect((await judge(faults, tolerate(['INTEL-SA-1'], at(1)))).refusedBy).toEqual(['tdx.tcb.status'])
    expect((await judge(faults, tolerate(['INTEL-SA-1', 'INTEL-SA-2'], at(-1)))).refusedBy).toEqual(['tdx.tcb.status'])
    expect(
      (await judge({ ...faults, status: 'OutOfDate' }, tolerate(['INTEL-SA-1', 'INTEL-SA-2'], at(1)))).refusedBy
    ).toEqual(['tdx.tcb.status'])
  })

  it('converges the parts as Intel says', async () => {
    const both = await judge({ status: 'ConfigurationNeeded', moduleStatus: 'OutOfDate' })
    expect(both.tcbStatus).toBe('OutOfDateConfigurationNeeded')
    expect((await judge({ status: 'SWHardeningNeeded', enclaveStatus: 'OutOfDate' })).tcbStatus).toBe('OutOfDate')
    expect((await judge({ moduleStatus: 'Revoked' })).tcbStatus).toBe('Revoked')
  })

  it('keeps the floor of evaluation data numbers', async () => {
    expect((await judge({}, { minTcbEvaluationDataNumber: 18 })).verdict).toBe('verified')
    expect((await judge({}, { minTcbEvaluationDataNumber: 19 })).refusedBy).toEqual(['tdx.collateral.number'])
  })

  it.each([
    ['no list', { imageHashes: undefined }, 'image.allow-list'],
    ['an empty list', { imageHashes: [] }, 'image.allow-list'],
    ['a list that is no list', { imageHashes: 'any' }, 'input.policy'],
    ['a short hash', { imageHashes: ['ab'] }, 'image.allow-list'],
    ['Revoked tolerated', { tolerate: [{ status: 'Revoked', advisoryIds: [], expiresAt: at(1) }] }, 'input.policy'],
    ['an endless skew', { clockSkewMs: 1e9 }, 'input.policy'],
    ['a policy that is over', { validUntil: at(-1) }, 'input.policy']
  ])('refuses a policy with %s', async (_name, policy, check) => {
    expect(failed(await judge({}, policy))).toContain(check)
  })

  it('binds to a key when one is given', async () => {
    const { quote, collateral, trust, publicKey } = await createSyntheticPeer()
    const options = { now: SYNTHETIC_NOW, policy: { imageHashes: [await tdxImageHash(quote)] }, trust }
    expect((await verifyTdxQuote(quote, collateral, { ...options, publicKey })).verdict).toBe('verified')
    expect(failed(await verifyTdxQuote(quote, collateral, { ...options, publicKey: new Uint8Array(32) }))).toEqual([
      'binding.report-data'
    ])
  })
})

describe('certificates around TDX evidence', () => {
  async function judgePeer(faults: PeerFaults, intel: IntelFaults = {}): Promise<AttestationReport> {
    const peer = await createSyntheticPeer(intel, faults)
    const policy = { imageHashes: [await tdxImageHash(peer.quote)] }
    return await verifyCertificate(peer.certificate, peer.collateral, { now: SYNTHETIC_NOW, policy, trust: peer.trust })
  }

  it.each([1, 3] as const)('accepts a good one of version %i', async (version) => {
    const report = await judgePeer({ version })
    expect(report).toMatchObject({ verdict: 'verified', kind: 'tdx', refusedBy: [] })
    expect(Date.parse(report.validUntil ?? '')).toBe(at(0.9).getTime() + 300_000)
  })

  type Extensions = Awaited<ReturnType<NonNullable<PeerFaults['extensions']>>>
  const replace =
    (oid: string, change: object) =>
    (list: Extensions): Extensions =>
      list.map((extension) => (extension.oid === oid ? { ...extension, ...change } : extension))
  const cases: [string, PeerFaults, string][] = [
    ['evidence for another key', { otherKey: true }, 'binding.report-data'],
    ['no evidence', { extensions: (list) => list.slice(2) }, 'certificate.evidence'],
    [
      'a quote that is not critical',
      { extensions: replace('1.3.6.1.4.1.12345.1', { critical: false }) },
      'certificate.evidence'
    ],
    [
      'a quote without claims',
      { extensions: (list) => list.filter(({ oid }) => oid !== '1.3.6.1.4.1.12345.2') },
      'certificate.evidence'
    ],
    [
      'claims of another key',
      { extensions: replace('1.3.6.1.4.1.12345.2', { value: new Uint8Array(32) }) },
      'certificate.claims'
    ],
    [
      'both kinds of evidence',
      {
        extensions: (list) => [...list, { oid: '1.3.6.1.4.1.12345.101', critical: true, value: new Uint8Array(1184) }]
      },
      'certificate.evidence'
    ],
    [
      'an unknown critical extension',
      { extensions: (list) => [...list, { oid: '1.2.3.4', critical: true, value: new Uint8Array(1) }] },
      'certificate.extensions'
    ],
    ['an extension twice', { extensions: (list) => [...list, ...list.slice(0, 1)] }, 'certificate.der'],
    ['a CA', { extensions: replace('2.5.29.19', { value: Uint8Array.of(0x30, 3, 1, 1, 0xff) }) }, 'certificate.usage'],
    [
      'client usage only',
      { extensions: replace('2.5.29.37', { value: Uint8Array.of(0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2) }) },
      'certificate.usage'
    ],
    [
      'an old fake quote',
      { extensions: replace('1.3.6.1.4.1.12345.1', { value: new Uint8Array(64) }) },
      'evidence.genuine'
    ],
    [
      'a new fake quote',
      { extensions: replace('1.3.6.1.4.1.12345.1', { value: new Uint8Array(496) }) },
      'evidence.genuine'
    ],
    [
      'junk as a quote',
      { extensions: replace('1.3.6.1.4.1.12345.1', { value: new Uint8Array(700).fill(3) }) },
      'tdx.quote.header'
    ],
    [
      'too large evidence',
      { extensions: replace('1.3.6.1.4.1.12345.1', { value: new Uint8Array(32_769) }) },
      'certificate.evidence-size'
    ],
    ['a certificate of tomorrow', { notBefore: at(0.01) }, 'certificate.validity'],
    ['an expired certificate', { notAfter: at(-0.005) }, 'certificate.validity']
  ]

  it.each(cases)('refuses %s', async (_name, faults, check) => {
    const report = await judgePeer(faults)
    expect(report.verdict).toBe('refused')
    expect(failed(report)).toContain(check)
    expect(failed(report)).not.toContain('verifier.internal')
  })

  it('forgives a clock that is off by less than the skew', async () => {
    expect((await judgePeer({ notBefore: new Date(SYNTHETIC_NOW.getTime() + 299_000) })).verdict).toBe('verified')
    expect((await judgePeer({ notBefore: new Date(SYNTHETIC_NOW.getTime() + 301_000) })).verdict).toBe('refused')
  })

  it('names a certificate that lives longer than the reference does, without refusing it', async () => {
    const report = await judgePeer({ notAfter: at(30) })
    expect(report.verdict).toBe('verified')
    expect(report.checks.find(({ id }) => id === 'certificate.lifetime')).toMatchObject({
      outcome: 'fail',
      enforced: false
    })
  })

  it('never accepts the constants, whatever the list says', async () => {
    const zero = createSyntheticIntel(reportData, { body: (body) => body.fill(0, 136, 520) })
    const constant = '5c55c8f4db4010ba9203d83536d0609856af8c847ac039e37e7dde8fbd574b61'
    expect(await tdxImageHash(zero.quote)).toBe(constant)
    const report = await verifyTdxQuote(zero.quote, zero.collateral, {
      now: SYNTHETIC_NOW,
      policy: { imageHashes: [constant] },
      trust: zero.trust
    })
    expect(failed(report)).toEqual(['image.constant', 'image.hash'])
  })
})

describe('input of the wrong kind', () => {
  const garbage: unknown[] = [
    undefined,
    null,
    0,
    'quote',
    [],
    {},
    new Uint8Array(0),
    new Uint8Array(40_000),
    new ArrayBuffer(8),
    Symbol('x'),
    () => 1
  ]

  it('resolves to a refusal with a check', async () => {
    const good = createSyntheticIntel(reportData)
    const options = { now: SYNTHETIC_NOW, policy: { imageHashes: [await tdxImageHash(good.quote)] }, trust: good.trust }
    for (const value of garbage) {
      const calls = [
        verifyTdxQuote(value as Uint8Array, good.collateral, options),
        verifyTdxQuote(good.quote, value as TdxCollateral, options),
        verifyTdxQuote(good.quote, good.collateral, value as typeof options),
        verifyTdxQuote(good.quote, good.collateral, { ...options, now: value as Date }),
        verifyTdxQuote(good.quote, good.collateral, { ...options, policy: value as typeof options.policy }),
        verifyCertificate(value as Uint8Array, good.collateral, options)
      ]
      for (const call of calls) {
        const report = await call
        expect(report.verdict).toBe('refused')
        expect(report.refusedBy.length).toBeGreaterThan(0)
        expect(report.refusedBy).not.toContain('verifier.internal')
      }
    }
    for (const proxy of [
      new Proxy(good.quote, {}),
      new Proxy(
        {},
        {
          getPrototypeOf: () => {
            throw new TypeError('hostile')
          }
        }
      )
    ]) {
      expect(failed(await verifyTdxQuote(proxy as Uint8Array, good.collateral, options))).toEqual(['input.evidence'])
    }
    const hostile = new Proxy(good.collateral, {
      get: () => {
        throw new TypeError('hostile')
      }
    })
    expect(failed(await verifyTdxQuote(good.quote, hostile, options))).toContain('tdx.collateral.format')
  })
})
