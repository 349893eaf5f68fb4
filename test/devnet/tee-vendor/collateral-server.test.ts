import { describe, expect, it } from 'vitest'
import { createAttestationPolicy, devnetTrust, intelPcs, pccs } from '../../../src/attestation/index.js'
import { startDevnet } from '../../../src/devnet.js'

describe('collateral over HTTP', () => {
  it('leads to the same verdict as the description, through the adapters of PCCS and PCS', async () => {
    const devnet = await startDevnet({ servesCollateral: true })
    try {
      const url = devnet.pccsUrl ?? ''
      const peer = { certificateDer: devnet.certificates[0]!, address: devnet.network.proxies[0]! }
      // Intel's own host, answered by the devnet.
      const redirected: typeof fetch = async (input, init) => {
        const { pathname, search } = new URL(String(input as string | URL))
        const path = pathname === '/IntelSGXRootCA.der' ? '/sgx/certification/v4/rootcacrl' : pathname
        return await fetch(`${url}${path}${search}`, init)
      }
      for (const collateral of [pccs(url), intelPcs({ fetch: redirected })]) {
        const policy = createAttestationPolicy({
          imageHashes: devnet.imageHashes,
          collateral,
          trust: devnetTrust(devnet)
        })
        const { report } = await policy.judge(peer, { now: new Date() })
        expect(report.refusedBy).toEqual([])
      }
      expect((await fetch(`${url}/tdx/certification/v4/tcb?fmspc=000000000000`)).status).toBe(404)
      expect((await fetch(`${url}/elsewhere`)).status).toBe(404)
    } finally {
      await devnet.close()
    }
    expect(devnet.liveHandles).toBe(0)
  })

  it('is off unless asked for', async () => {
    const devnet = await startDevnet()
    expect(devnet.pccsUrl).toBeUndefined()
    await devnet.close()
  })
})
