import { test, expect } from 'vitest'
import { solvePow, verifyPow } from '../../../src/wire/pow/index.js'
import { hexToBytes } from '../../../src/encoding/index.js'
import { FakeClock } from '../../support/fake-clock.js'
test('x', async () => {
  const o = { clock: new FakeClock(), yieldToEventLoop: async () => {} }
  const salt = new Uint8Array(16)
  expect(await solvePow({ difficultyBits: 8, salt }, o)).toBe(316n)
  expect(await solvePow({ difficultyBits: 16, salt }, o)).toBe(13801n)
  expect(await solvePow({ difficultyBits: 20, salt: hexToBytes('30c2d6b19e323fc402ab5e7509229e31') }, o)).toBe(715708n)
  expect(verifyPow({ difficultyBits: 22, salt: hexToBytes('30c2d6b19e323fc402ab5e7509229e31') }, 715708n)).toBe(true)
  expect(verifyPow({ difficultyBits: 23, salt: hexToBytes('30c2d6b19e323fc402ab5e7509229e31') }, 715708n)).toBe(false)
})
