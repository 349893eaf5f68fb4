import { describe, expect, it } from 'vitest'
import { verifyTdxQuote, tdxImageHash, type TdxCollateral } from '../../../src/attestation/index.js'
import { createDevnetTrust } from '../../../src/attestation/trust.js'
import { SyntheticIntel } from '../../../src/devnet/tee-vendor/intel.js'
import { imageHashOf, TDX_MEASUREMENTS } from '../../../src/devnet/tee-vendor/platform.js'

const now = new Date('2026-11-22T10:00:00Z')
const key = new Uint8Array(32).fill(7)

describe('synthetic Intel', () => {
  it.each([4, 5] as const)(
    'makes quotes of version %i that the full verifier accepts below its root',
    async (quoteVersion) => {
      const intel = new SyntheticIntel(now.getTime(), { quoteVersion })
      const quote = intel.quoteFor(key)
      const trust = createDevnetTrust({ name: 'test', intelRoot: intel.rootDer })
      const imageHash = await tdxImageHash(quote)
      expect(imageHash).toBe(imageHashOf(TDX_MEASUREMENTS))
      const options = { now, policy: { imageHashes: [imageHash] }, publicKey: key, trust }
      const report = await verifyTdxQuote(quote, intel.collateral as TdxCollateral, options)
      expect(report.checks.filter((check) => check.outcome === 'fail' || check.outcome === 'skip')).toEqual([])
      expect(report).toMatchObject({ verdict: 'verified', tcbStatus: 'UpToDate', advisoryIds: [] })
      const { trust: _trust, ...withoutTrust } = options
      const below = await verifyTdxQuote(quote, intel.collateral as TdxCollateral, withoutTrust)
      expect(below.refusedBy).toContain('tdx.pck.root')
    }
  )
})
