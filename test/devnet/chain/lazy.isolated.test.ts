/** The chain's packages are loaded for a chain only. */
import { createRequire } from 'node:module'
import { afterEach, describe, expect, it } from 'vitest'
import { startDevnet, type Devnet } from '../../../src/devnet.js'

const running: Devnet[] = []
afterEach(async () => {
  for (const devnet of running.splice(0)) await devnet.close()
})

function isSandboxLoaded(): boolean {
  return Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('@ton/sandbox'))
}

describe('startDevnet', () => {
  it('loads @ton/sandbox for a chain and not before', { timeout: 60_000 }, async () => {
    const plain = await startDevnet()
    running.push(plain)
    expect(plain.chain).toBeUndefined()
    expect(isSandboxLoaded()).toBe(false)
    const withChain = await startDevnet({ chain: true })
    running.push(withChain)
    expect(withChain.chain?.rootAddress).toMatch(/^EQ/)
    expect(isSandboxLoaded()).toBe(true)
  })

  it('refuses an unknown cheat', async () => {
    await expect(startDevnet({ chain: { cheats: ['steal' as 'replay'] } })).rejects.toMatchObject({
      code: 'ERR_OPTIONS'
    })
  })
})
