import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tdxImageHash, type TdxCollateral, verifyCertificate, verifyTdxQuote } from '../../src/attestation.js'
import { oracleStatus } from '../support/dcap-oracle.js'
import { readSharedBytes, readSharedJson, sharedPath } from '../support/shared.js'
import { createSyntheticIntel, createSyntheticPeer, type IntelFaults, SYNTHETIC_NOW } from '../support/synthetic-tee.js'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 30)
const reportData = new Uint8Array(64).fill(1)
const statuses = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked'
]
const set =
  (offset: number, byte: number) =>
  (bytes: Uint8Array): void =>
    void (bytes[offset] = byte)

describe('against @phala/dcap-qvl', () => {
  it.skipIf(sharedPath('evidence/tdx-quote-cocoon.dat') === undefined)(
    'agrees on the evidence of real machines',
    async () => {
      for (const [name, json, time] of [
        ['tdx-quote-cocoon.dat', 'tdx-collateral-90C06F000000-2026-02.json', '2026-03-01T00:00:00Z'],
        ['tdx-quote-sample2.dat', 'tdx-collateral-sample2.json', '2025-06-20T00:00:00Z']
      ] as const) {
        const quote = readSharedBytes(`evidence/${name}`)
        const collateral = readSharedJson<TdxCollateral>(`evidence/${json}`)
        const now = new Date(time)
        const report = await verifyTdxQuote(quote, collateral, {
          now,
          policy: { imageHashes: [await tdxImageHash(quote)] }
        })
        expect(report.tcbStatus).toBe(oracleStatus(quote, collateral, now))
      }
    }
  )

  it('never accepts a platform that the oracle rejects, nor with a better status', async () => {
    // Versions of the module stay at those of the components: the one point where the oracle is stricter than Intel.
    const faults = fc.record({
      status: fc.constantFrom(...statuses),
      enclaveStatus: fc.constantFrom(...statuses, 'UpToDate', 'UpToDate'),
      svn: fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 6 })),
      attribute: fc.option(fc.tuple(fc.integer({ min: 120, max: 127 }), fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128))),
      enclaveSvn: fc.integer({ min: 2, max: 6 }),
      version5: fc.boolean(),
      revoked: fc.subarray(['platformCa', 'signing', 'pck'] as const, { maxLength: 1 }),
      nowDays: fc.constantFrom(0, 0, 0, -10, 24, 26, 2000)
    })
    let accepted = 0
    const property = fc.asyncProperty(
      faults,
      async ({ status, enclaveStatus, svn, attribute, enclaveSvn, version5, revoked, nowDays }) => {
        const change: IntelFaults = {
          status,
          enclaveStatus,
          version5,
          revoked,
          body: (body) => {
            if (svn[0] > 1) set(svn[0], svn[1])(body)
            if (attribute !== null) set(attribute[0], (body[attribute[0]] ?? 0) ^ attribute[1])(body)
          },
          qeReport: set(258, enclaveSvn)
        }
        const { quote, collateral, trust, root } = createSyntheticIntel(reportData, change)
        const now = new Date(SYNTHETIC_NOW.getTime() + nowDays * 86_400_000)
        const tolerate = statuses
          .slice(1, 5)
          .map((name) => ({ status: name as 'OutOfDate', advisoryIds: [], expiresAt: new Date('2040-01-01') }))
        const report = await verifyTdxQuote(quote, collateral, {
          now,
          policy: { imageHashes: [await tdxImageHash(quote)], tolerate },
          trust
        })
        const oracle = oracleStatus(quote, collateral, now, root)
        if (report.verdict !== 'verified') return
        accepted += 1
        expect(oracle).toBeDefined()
        // The oracle takes the worse of two by its own order; ours is never better than what it says of the platform.
        expect(statuses.indexOf(report.tcbStatus ?? '')).toBeGreaterThanOrEqual(
          statuses.indexOf(
            oracle === 'OutOfDate' && report.tcbStatus === 'OutOfDateConfigurationNeeded' ? 'OutOfDate' : (oracle ?? '')
          )
        )
      }
    )
    await fc.assert(property, {
      numRuns,
      examples: [
        [
          {
            status: 'UpToDate',
            enclaveStatus: 'UpToDate',
            svn: [0, 0],
            attribute: null,
            enclaveSvn: 4,
            version5: false,
            revoked: [],
            nowDays: 0
          }
        ]
      ]
    })
    expect(accepted).toBeGreaterThan(0)
  })

  it('refuses what the oracle does not look at', async () => {
    const differences: [string, IntelFaults, string][] = [
      ['module identity', { moduleStatus: 'OutOfDate' }, 'tdx.tcb.status'],
      ['module signer', { body: set(64, 1) }, 'tdx.module.signer'],
      ['module attributes', { body: set(112, 1) }, 'tdx.module.attributes'],
      ['XFAM', { body: set(135, 0x80) }, 'tdx.td.xfam'],
      ['enclave vendor', { header: set(12, 0) }, 'tdx.quote.vendor'],
      ['bytes after the end', { trailing: Uint8Array.of(1) }, 'tdx.quote.length'],
      ['name of the signer', { signing: { subject: 'Somebody' } }, 'tdx.signing.names'],
      ['stale list of platform keys', { pckCrl: { issuer: 'Somebody' } }, 'tdx.pck-crl.signature']
    ]
    for (const [name, faults, check] of differences) {
      const { quote, collateral, trust, root } = createSyntheticIntel(reportData, faults)
      const report = await verifyTdxQuote(quote, collateral, {
        now: SYNTHETIC_NOW,
        policy: { imageHashes: [await tdxImageHash(quote)] },
        trust
      })
      expect(`${name}: ${report.refusedBy.join()}`).toContain(check)
      // Should the oracle learn one of these, it leaves the list of differences.
      if (name !== 'stale list of platform keys')
        expect(`${name}: ${oracleStatus(quote, collateral, SYNTHETIC_NOW, root)}`).toBe(`${name}: UpToDate`)
    }
  })

  it('differs from the oracle in the components of versioned modules, as Intel specifies', async () => {
    // Module TDX_01 at 5 satisfies its own level; the platform level asks 9 of component 0, which is not its to ask.
    const { quote, collateral, trust, root } = createSyntheticIntel(reportData, {
      tcbInfo: (info) => {
        const [level] = info['tcbLevels'] as { tcb: { tdxtcbcomponents: { svn: number }[] } }[]
        if (level?.tcb.tdxtcbcomponents[0] !== undefined) level.tcb.tdxtcbcomponents[0].svn = 9
      }
    })
    const report = await verifyTdxQuote(quote, collateral, {
      now: SYNTHETIC_NOW,
      policy: { imageHashes: [await tdxImageHash(quote)] },
      trust
    })
    expect(report.verdict).toBe('verified')
    expect(oracleStatus(quote, collateral, SYNTHETIC_NOW, root)).toBeUndefined()
  })
})

describe('mutations', () => {
  it('of certificates, quotes and collateral lead to a refusal with a check, never to a failure of the verifier', async () => {
    const peer = await createSyntheticPeer()
    const options = { now: SYNTHETIC_NOW, policy: { imageHashes: [await tdxImageHash(peer.quote)] }, trust: peer.trust }
    const text = JSON.stringify(peer.collateral)
    const edit = fc.record({
      target: fc.constantFrom('certificate', 'quote', 'collateral'),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      remove: fc.integer({ min: 0, max: 40 }),
      insert: fc.uint8Array({ maxLength: 40 })
    })
    await fc.assert(
      fc.asyncProperty(edit, async ({ target, at, remove, insert }) => {
        const source =
          target === 'collateral'
            ? new Uint8Array(Buffer.from(text))
            : target === 'quote'
              ? peer.quote
              : peer.certificate
        const start = Math.floor(at * source.length)
        const mutated = Buffer.concat([source.subarray(0, start), insert, source.subarray(start + remove)])
        if (mutated.equals(source)) return
        // Zeros after the declared end of a quote are the one thing that may vary.
        const isPadding = target === 'quote' && start >= source.length - 16
        const bytes = new Uint8Array(mutated)
        const report =
          target === 'collateral'
            ? await verifyTdxQuote(peer.quote, mutated.toString('latin1'), options)
            : target === 'quote'
              ? await verifyTdxQuote(bytes, peer.collateral, options)
              : await verifyCertificate(bytes, peer.collateral, options)
        if (!isPadding) expect(report.verdict).toBe('refused')
        expect(report.refusedBy).not.toContain('verifier.internal')
      }),
      { numRuns: numRuns * 4 }
    )
  })
})
