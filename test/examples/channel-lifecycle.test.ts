/** The channel's life on the devnet's chain, run on the sources: under our contracts, and under the main network's. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromDevnet, startDevnet } from '../../src/devnet.js'
import { Cocoon } from '../../src/index.js'
import * as ton from '../../src/ton.js'
import { missingShared, sharedPath } from '../support/shared.js'

interface Result {
  readonly faucetNano: bigint
  readonly rows: readonly (readonly [string, bigint])[]
  readonly spentNano: bigint
  readonly chargedNano: bigint
  readonly differences: number
  readonly receipts: number
  readonly phase: string
}
interface Lifecycle {
  runLifecycle(library: object, options: object): Promise<Result>
  lifecycleTable(result: Result): string
  mainnetCodes(text: string): object
}
const path = '../../examples/channel-lifecycle/lifecycle.mjs'
const { runLifecycle, lifecycleTable, mainnetCodes } = (await import(path)) as Lifecycle

async function live(codes?: object): Promise<void> {
  const log: string[] = []
  const result = await runLifecycle(
    { ...ton, Cocoon, fromDevnet, startDevnet },
    { log: (line: string) => log.push(line), codes }
  )
  if (process.env['SHOW'] !== undefined) console.log(`${log.join('\n')}\n\n${lifecycleTable(result)}`)
  expect(result).toMatchObject({ receipts: 100, differences: 0, phase: 'closed' })
  expect(result.chargedNano).toBe(result.spentNano)
  expect(result.rows.reduce((sum, [, nano]) => sum + nano, 0n)).toBe(result.faucetNano)
}

describe('opens, chats 100 times, charges, withdraws, closes; every nano is accounted for', () => {
  it("under the devnet's contracts", { timeout: 120_000 }, () => live())

  const facts = sharedPath('vectors/payments.json')
  it.skipIf(facts === undefined)(
    `under the bytecode of the main network${facts === undefined ? ` (${missingShared('vectors/payments.json')})` : ''}`,
    { timeout: 120_000 },
    () => live(mainnetCodes(readFileSync(facts ?? '', 'utf8')))
  )
})
