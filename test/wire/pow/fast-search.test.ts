import { createHash, randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hexToBytes } from '../../../src/encoding/index.js'
import { loadUnrolledSearch, prepareFastSearch, useVectorModule } from '../../../src/wire/pow/fast-search.js'
import { NonceSearch, type SearchNonces } from '../../../src/wire/pow/nonce-search.js'
import { createPowModule, solvePow, solvePowWith } from '../../../src/wire/pow/index.js'
import { FakeClock } from '../../support/fake-clock.js'
import { SeededRandom } from '../../support/seeded-random.js'

const runs = Number(process.env['FC_NUM_RUNS'] ?? 40)
const searches: Readonly<Record<string, SearchNonces>> = {
  plain: new NonceSearch({ difficultyBits: 1, salt: new Uint8Array(16) }).searchNonces,
  unrolled: await loadUnrolledSearch(),
  vectors: await prepareFastSearch(),
  'vectors, module given': await useVectorModule(new WebAssembly.Module(createPowModule())).then(prepareFastSearch)
}

/** The rule, with the platform's hash. */
function zeroBits(salt: Uint8Array, nonce: bigint): number {
  const message = Buffer.alloc(24)
  message.set(salt)
  message.writeBigUInt64LE(BigInt.asUintN(64, nonce), 16)
  const chunk = createHash('sha256').update(message).digest().readBigUInt64LE(0)
  return chunk === 0n ? 64 : 64 - chunk.toString(2).length
}

describe.each(Object.entries(searches))('%s', (_, searchNonces) => {
  const searchOf = (difficultyBits: number, salt: Uint8Array): NonceSearch =>
    Object.assign(new NonceSearch({ difficultyBits, salt }), { searchNonces })

  test('every nonce and every difficulty as the platform hash says', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (salt, nonce) => {
          const bits = zeroBits(salt, nonce)
          for (let difficultyBits = -1; difficultyBits <= 65; difficultyBits++) {
            const found = searchOf(difficultyBits, salt).run(Number(nonce >> 32n), Number(nonce & 0xffffffffn), 1)
            expect([difficultyBits, found]).toEqual([difficultyBits, bits >= difficultyBits ? 0 : -1])
          }
        }
      ),
      { numRuns: runs }
    )
  })

  test('the first of a run, wherever it begins and however long it is', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 2 ** 32 - 70, max: 2 ** 32 - 1 })),
        fc.integer({ min: 0, max: 70 }),
        fc.integer({ min: 1, max: 8 }),
        (salt, high, low, count, difficultyBits) => {
          let expected = -1
          for (let offset = Math.min(count, 2 ** 32 - low) - 1; offset >= 0; offset--) {
            const nonce = (BigInt(high) << 32n) | BigInt(low + offset)
            if (zeroBits(salt, nonce) >= difficultyBits) expected = offset
          }
          expect(searchOf(difficultyBits, salt).run(high, low, count)).toBe(expected)
        }
      ),
      { numRuns: runs }
    )
  })

  test('a hit of 22 bits among many; the real challenge', () => {
    const search = searchOf(22, hexToBytes('30c2d6b19e323fc402ab5e7509229e31'))
    expect(search.run(0, 650_000, 65_708)).toBe(-1)
    expect(search.run(0, 650_000, 65_709)).toBe(65_708)
  })
})

test('all give the same hits over a long run', () => {
  const salt = new SeededRandom(3).bytes(16)
  const hits = Object.values(searches).map((searchNonces) => {
    const search = Object.assign(new NonceSearch({ difficultyBits: 10, salt }), { searchNonces })
    const found: number[] = []
    for (let low = 0; low < 20_000;) {
      const offset = search.run(7, low, 20_000 - low)
      if (offset < 0) break
      found.push(low + offset)
      low += offset + 1
    }
    return found
  })
  expect(hits[0]!.length).toBeGreaterThan(5)
  for (const found of hits) expect(found).toEqual(hits[0])
})

test('a search goes on with a faster one, without a nonce left out or tried twice', async () => {
  for (let turn = 0; turn < 5; turn++) {
    const salt = new Uint8Array(randomBytes(16))
    let expected = 0n
    const progress: number[] = []
    const nonce = await solvePow(
      { difficultyBits: 14, salt },
      {
        clock: new FakeClock(),
        yieldToEventLoop: () => new Promise((resolve) => void setImmediate(resolve)),
        onProgress: ({ hashes }) => void progress.push(hashes)
      }
    )
    while (zeroBits(salt, expected) < 14) expected++
    expect(nonce).toBe(expected)
    expect(progress.at(-1)).toBe(Number(nonce) + 1)
  }
})

describe('solvePowWith', () => {
  const task = { difficultyBits: 13, salt: new SeededRandom(8).bytes(16) }
  const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
  const fallback = (): Promise<bigint> => solvePow(task, { clock: new FakeClock(), yieldToEventLoop })

  test('the given module does the work of the solver on this thread', async () => {
    const solve = solvePowWith(new WebAssembly.Module(createPowModule()))
    expect(zeroBits(task.salt, await solve(task, { fallback }))).toBeGreaterThanOrEqual(13)
    expect(await solve(task, { fallback })).toBe(await fallback())
  })

  test('something else is an error of the options, and leaves the solver as it was', async () => {
    const before = await prepareFastSearch()
    const empty = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))
    for (const module of [empty, {}, new Uint8Array(8)]) {
      await expect(solvePowWith(module)(task, { fallback })).rejects.toMatchObject({
        code: 'ERR_OPTIONS',
        field: 'runtime.solvePow'
      })
    }
    expect(await prepareFastSearch()).toBe(before)
  })
})
