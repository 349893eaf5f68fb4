/**
 * `runtime.solvePow`: a solver from outside, against real connections.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Devnet, fromDevnet, startDevnet } from '../../src/devnet.js'
import { Cocoon, type SolveProofOfWork } from '../../src/index.js'

describe('runtime.solvePow', () => {
  let devnet: Devnet
  beforeAll(async () => void (devnet = await startDevnet({ difficultyBits: 10 })))
  afterAll(() => devnet.close())

  async function connectWith(solvePow: SolveProofOfWork, maxPowDifficultyBits?: number): Promise<unknown> {
    const cocoon = new Cocoon({ ...fromDevnet(devnet), runtime: { solvePow }, maxPowDifficultyBits, timeoutMs: 10_000 })
    try {
      return await cocoon.market().then(
        () => 'connected',
        (error: unknown) => error
      )
    } finally {
      await cocoon.close()
    }
  }

  it('does the work, and may give it back', async () => {
    const bits: number[] = []
    const outcome = await connectWith((task, { fallback }) => {
      bits.push(task.difficultyBits)
      return fallback()
    })
    expect(outcome).toBe('connected')
    expect(bits).toEqual([10])
  })

  it('is not believed: a nonce that does not hold is not sent', async () => {
    const outcome = await connectWith(() => Promise.resolve(-1n))
    expect(outcome).toMatchObject({ code: 'ERR_OPTIONS', field: 'runtime.solvePow' })
    expect(devnet.connections.at(-1)).toMatchObject({ powSolved: false })
  })

  it('is not asked for more than the cap', async () => {
    let asked = 0
    const outcome = await connectWith(() => {
      asked++
      return Promise.resolve(0n)
    }, 8)
    expect(outcome).toMatchObject({ code: 'ERR_POW_DIFFICULTY' })
    expect(asked).toBe(0)
  })

  it('must be a function', () => {
    const runtime = { solvePow: 'worker' as unknown as SolveProofOfWork }
    expect(() => new Cocoon({ ...fromDevnet(devnet), runtime })).toThrow(
      expect.objectContaining({ field: 'runtime.solvePow' })
    )
  })
})
