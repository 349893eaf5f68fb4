/** The channel's life on the devnet's chain, run on the sources. */
import { expect, it } from 'vitest'
import { fromDevnet, startDevnet } from '../../src/devnet.js'
import { Cocoon } from '../../src/index.js'
import * as ton from '../../src/ton.js'

interface Result {
  readonly faucetNano: bigint
  readonly rows: readonly (readonly [string, bigint])[]
  readonly spentNano: bigint
  readonly chargedNano: bigint
  readonly differences: number
  readonly receipts: number
  readonly phase: string
}

it('opens, chats 100 times, charges, withdraws, closes; every nano is accounted for', { timeout: 60_000 }, async () => {
  const path = '../../examples/channel-lifecycle/lifecycle.mjs'
  const { runLifecycle, lifecycleTable } = (await import(path)) as {
    runLifecycle: (library: object, options: object) => Promise<Result>
    lifecycleTable: (result: Result) => string
  }
  const log: string[] = []
  const result = await runLifecycle(
    { ...ton, Cocoon, fromDevnet, startDevnet },
    { log: (line: string) => log.push(line) }
  )
  if (process.env['SHOW'] !== undefined) console.log(`${log.join('\n')}\n\n${lifecycleTable(result)}`)
  expect(result).toMatchObject({ receipts: 100, differences: 0, phase: 'closed' })
  expect(result.chargedNano).toBe(result.spentNano)
  expect(result.rows.reduce((sum, [, nano]) => sum + nano, 0n)).toBe(result.faucetNano)
})
