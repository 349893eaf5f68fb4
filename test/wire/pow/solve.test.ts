import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CocoonError, type ErrorCode } from '../../../src/errors.js'
import { hexToBytes } from '../../../src/encoding/index.js'
import { type PowProgress, solvePow, type SolvePowOptions, verifyPow } from '../../../src/wire/pow/index.js'
import { FakeClock } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'

const zeroSalt = new Uint8Array(16)
// protocol/wire.md §2.4
const realSalt = hexToBytes('30c2d6b19e323fc402ab5e7509229e31')

const options = (more: Partial<SolvePowOptions> = {}): SolvePowOptions => ({
  clock: new FakeClock(),
  yieldToEventLoop: () => Promise.resolve(),
  ...more
})

/** The rule, with the platform's hash. */
function zeroBits(salt: Uint8Array, nonce: bigint): number {
  const message = Buffer.alloc(24)
  message.set(salt)
  message.writeBigUInt64LE(BigInt.asUintN(64, nonce), 16)
  const chunk = createHash('sha256').update(message).digest().readBigUInt64LE(0)
  return chunk === 0n ? 64 : 64 - chunk.toString(2).length
}

async function rejection(promise: Promise<unknown>): Promise<CocoonError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason
  )
  if (!CocoonError.is(error)) throw new Error('not one of our errors')
  return error
}

describe('solvePow', () => {
  test.each([
    ['real challenge', realSalt, 20, 715708n],
    ['zero salt', zeroSalt, 4, 3n],
    ['zero salt', zeroSalt, 8, 316n],
    ['zero salt', zeroSalt, 16, 13801n]
  ])('%s: smallest nonce of wire.md §2.4', async (_, salt, difficultyBits, nonce) => {
    expect(await solvePow({ difficultyBits, salt }, options())).toBe(nonce)
  })

  test('agrees with the platform hash on random salts', async () => {
    const random = new SeededRandom(5)
    for (const difficultyBits of [1, 3, 7, 9, 11, 12]) {
      const salt = random.bytes(16)
      let expected = 0n
      while (zeroBits(salt, expected) < difficultyBits) expected++
      expect(await solvePow({ difficultyBits, salt }, options())).toBe(expected)
    }
  })

  test.each([0, -1, -(2 ** 31)])('difficulty %d accepts nonce 0 at once', async (difficultyBits) => {
    expect(await solvePow({ difficultyBits, salt: realSalt }, options())).toBe(0n)
  })

  test.each<[number, number | undefined]>([
    [29, undefined],
    [64, undefined],
    [255, undefined],
    [255, 1000],
    [65, 64],
    [21, 20]
  ])('difficulty %d with cap %s is refused before any work', async (difficultyBits, maxDifficultyBits) => {
    const progress: PowProgress[] = []
    const error = await rejection(
      solvePow(
        { difficultyBits, salt: realSalt },
        options({ maxDifficultyBits, onProgress: (entry) => progress.push(entry) })
      )
    )
    expect([error.code, error.phase]).toEqual(['ERR_POW_DIFFICULTY', 'pow'])
    expect(progress).toEqual([])
  })

  test('a cap that is lifted lets the search begin', async () => {
    const controller = new AbortController()
    const solving = solvePow(
      { difficultyBits: 64, salt: realSalt },
      options({ maxDifficultyBits: 64, signal: controller.signal, onProgress: () => controller.abort() })
    )
    expect((await rejection(solving)).code).toBe('ERR_ABORTED')
  })

  test('impossible challenges', async () => {
    for (const challenge of [
      { difficultyBits: 1.5, salt: realSalt },
      { difficultyBits: NaN, salt: realSalt },
      { difficultyBits: 4, salt: new Uint8Array(15) }
    ]) {
      expect((await rejection(solvePow(challenge, options()))).code).toBe<ErrorCode>('ERR_POW_CHALLENGE')
    }
  })
})

describe('abort and slices', () => {
  const endless = { difficultyBits: 28, salt: zeroSalt }

  test('an aborted signal stops it before and between slices, with the caller’s own reason', async () => {
    const reason = new CocoonError('ERR_TIMEOUT', 'the budget ran out', { phase: 'dial' })
    expect(await rejection(solvePow(endless, options({ signal: AbortSignal.abort(reason) })))).toBe(reason)
    const controller = new AbortController()
    let turns = 0
    const yieldToEventLoop = async (): Promise<void> => {
      if (++turns === 3) controller.abort(new Error('caller left'))
    }
    const error = await rejection(solvePow(endless, options({ signal: controller.signal, yieldToEventLoop })))
    expect(error.code).toBe('ERR_ABORTED')
    expect(turns).toBe(3)
  })

  test('a slice ends before its time is over, by the clock that was passed in', async () => {
    // Every look at the clock costs 0.5 ms: a slice of 4 ms may hold at most 8 looks.
    let nowMs = 0
    const clock = new FakeClock()
    clock.monotonic = () => (nowMs += 0.5)
    const controller = new AbortController()
    let sliceStartMs = 0
    let longestMs = 0
    let turns = 0
    const yieldToEventLoop = async (): Promise<void> => {
      longestMs = Math.max(longestMs, nowMs - sliceStartMs)
      sliceStartMs = nowMs
      if (++turns === 20) controller.abort()
    }
    await rejection(solvePow(endless, options({ clock, yieldToEventLoop, signal: controller.signal })))
    expect(turns).toBe(20)
    expect(longestMs).toBeLessThanOrEqual(4)
    expect(longestMs).toBeGreaterThan(2)
  })

  test('a clock that stands still still gives turns', async () => {
    const controller = new AbortController()
    await rejection(
      solvePow(endless, options({ signal: controller.signal, yieldToEventLoop: async () => controller.abort() }))
    )
  })

  test('progress grows and ends with the hash that was the hit', async () => {
    const seen: PowProgress[] = []
    const nonce = await solvePow(
      { difficultyBits: 20, salt: realSalt },
      options({ onProgress: (entry) => seen.push(entry) })
    )
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.map(({ hashes }) => hashes)).toEqual(seen.map(({ hashes }) => hashes).toSorted((a, b) => a - b))
    expect(seen.at(-1)).toMatchObject({ hashes: Number(nonce) + 1, difficultyBits: 20 })
  })
})

describe('verifyPow', () => {
  test('counts the zero bits of the little-endian number', () => {
    expect(verifyPow({ difficultyBits: 22, salt: realSalt }, 715708n)).toBe(true)
    expect(verifyPow({ difficultyBits: 23, salt: realSalt }, 715708n)).toBe(false)
    // wire.md §2.4: 138 is the first big-endian hit
    expect(verifyPow({ difficultyBits: 8, salt: zeroSalt }, 138n)).toBe(false)
    expect(verifyPow({ difficultyBits: 8, salt: zeroSalt }, 316n)).toBe(true)
  })

  test('equals the platform hash, also for negative and large nonces', () => {
    const random = new SeededRandom(9)
    for (let turn = 0; turn < 300; turn++) {
      const salt = random.bytes(16)
      const nonce = BigInt.asIntN(64, BigInt(`0x${Buffer.from(random.bytes(8)).toString('hex')}`))
      const bits = zeroBits(salt, nonce)
      expect(verifyPow({ difficultyBits: bits, salt }, nonce)).toBe(true)
      expect(verifyPow({ difficultyBits: bits + 1, salt }, nonce)).toBe(false)
      expect(verifyPow({ difficultyBits: bits, salt }, BigInt.asUintN(64, nonce))).toBe(true)
    }
  })

  test.each([0, -5])('difficulty %d accepts anything', (difficultyBits) => {
    for (const nonce of [0n, -1n, 2n ** 63n - 1n])
      expect(verifyPow({ difficultyBits, salt: realSalt }, nonce)).toBe(true)
  })

  test.each([32, 33, 64, 65, 255])('difficulty %d is not met by chance', (difficultyBits) => {
    expect(verifyPow({ difficultyBits, salt: realSalt }, 715708n)).toBe(false)
  })
})
