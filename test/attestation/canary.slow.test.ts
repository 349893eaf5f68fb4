import { expect, it } from 'vitest'
import { SeededRandom } from '../support/seeded-random.js'
import { runCanaries } from './canary.js'

it('1,000 fault schedules: no byte of a prompt or a secret before or without a positive verdict', async () => {
  const source = new SeededRandom(1122)
  const found = await runCanaries(1000, () => ((source.bytes(1)[0] ?? 0) * 256 + (source.bytes(1)[0] ?? 0)) / 65_536)
  process.stdout.write(`${JSON.stringify(found)}\n`)
  expect(found).toMatchObject({ schedules: 1000, leakedBytes: 0, canariesSeen: 0, unexpected: [] })
  expect(found.accepted).toBeGreaterThan(20)
  expect(found.dataAfterVerdict).toBeGreaterThan(0)
  expect(found.refused).toBeGreaterThan(300)
  expect(found.broken).toBeGreaterThan(100)
})
