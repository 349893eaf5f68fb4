import { describe, expect, it } from 'vitest'
import { fromDevnet } from '../../../src/attestation/index.js'
import { DEVNET_TEE_FAULTS, startDevnet } from '../../../src/devnet.js'
import { probe } from '../../../src/index.js'

describe.each(['tdx', 'snp'] as const)('%s', (kind) => {
  const rows = DEVNET_TEE_FAULTS.filter((fault) => fault.kind === kind)

  it.each(rows)('$name: $meaning → $expected', async ({ name, expected }) => {
    const devnet = await startDevnet({ difficultyBits: 0, tee: { kind, fault: name } })
    try {
      const { attestation: policy } = fromDevnet(JSON.stringify(devnet.describe()))
      const { attestation: report, error } = await probe({ address: devnet.network.proxies[0] ?? '', policy })
      if (expected === undefined) {
        expect(report).toMatchObject({ verdict: 'verified', kind, refusedBy: [] })
        return
      }
      expect(report?.refusedBy, JSON.stringify(report?.checks.filter((check) => check.outcome === 'fail'))).toContain(
        expected
      )
      expect(report).toMatchObject({ verdict: 'refused', validUntil: null })
      expect(error?.code).toBe('ERR_ATTESTATION_REFUSED')
    } finally {
      await devnet.close()
    }
  })
})
