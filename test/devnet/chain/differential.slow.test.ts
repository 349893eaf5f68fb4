/** 10,000 random messages: our contracts and the mainnet bytecode do the same. */
import { describe, expect, it } from 'vitest'
import { HAS_VECTORS } from '../../payments/support.js'
import { randomRun } from './support/random-run.js'
import { randomWalletRun } from './support/random-wallet.js'

const MESSAGES = Number(process.env['CHAIN_RANDOM_MESSAGES'] ?? 10_000)

describe.skipIf(!HAS_VECTORS)('contracts against the mainnet bytecode (../shared/vectors/payments.json)', () => {
  it(`does the same for ${MESSAGES} random messages`, { timeout: 1_800_000 }, async () => {
    const run = await randomRun(MESSAGES, Number(process.env['CHAIN_SEED'] ?? 20_260_411))
    expect(run.differences).toEqual([])
    expect(run.transactions).toBeGreaterThan(MESSAGES)
    console.log(`${run.transactions} transactions, ${run.met.size} kinds of outcome`)
    if (process.env['CHAIN_VERBOSE'])
      console.log(
        [...run.met]
          .map(([kind, count]) => `${kind}: ${count}`)
          .toSorted()
          .join('\n')
      )
  })
  it('does the same for 2,000 random messages to the wallet', { timeout: 600_000 }, async () => {
    expect((await randomWalletRun(2000, 20_260_411)).differences).toEqual([])
  })
})
