import { expect, it } from 'vitest'
import { SeededRandom } from '../support/seeded-random.js'
import { runCanaries } from './canary.js'

it('50 fault schedules: no byte of a prompt or a secret before or without a positive verdict', async () => {
  const source = new SeededRandom(20261122)
  const found = await runCanaries(50, () => (source.bytes(1)[0] ?? 0) / 256)
  expect(found).toMatchObject({ schedules: 50, leakedBytes: 0, canariesSeen: 0, unexpected: [] })
  // The test sees what it looks for: accepted peers do get data.
  expect(found.accepted).toBeGreaterThan(0)
  expect(found.dataAfterVerdict).toBeGreaterThan(0)
  expect(found.refused).toBeGreaterThan(20)
})
