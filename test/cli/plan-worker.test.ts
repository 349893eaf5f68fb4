import { describe, expect, test } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.js'
import { cli } from './cli-support.js'

const plan = (...words: string[]): ReturnType<typeof cli> => cli(['plan', 'worker', ...words])

describe('plan worker', () => {
  test('prints what fits, what it earns, and every assumption', async () => {
    const { code, stdout } = await plan('--gpu', 'H200', '--model', 'Qwen/Qwen3-32B')
    expect(code).toBe(EXIT.ok)
    expect(stdout).toMatch(/^fits +yes: 32\.0 GB of weights, 94\.9 GB for requests\nat once +\d+ requests\n/)
    expect(stdout).toMatch(/a day +\d+\.\d+ TON/)
    expect(stdout).toContain('32 billion parameters, as the model is called')
    expect(stdout).toContain('prices: main network in April 2026')
  })

  test('reads the active parameters of a mixture of experts from its name', async () => {
    const speed = async (name: string): Promise<number> => {
      const { stdout } = await plan('--gpu', 'H200', '--model', name, '--json')
      return (JSON.parse(stdout) as { tokensPerSecond: number }).tokensPerSecond
    }
    expect(await speed('Qwen3-30B-A3B')).toBeCloseTo(10 * (await speed('Qwen3-30B')))
  })

  test('says when the weights do not fit', async () => {
    expect((await plan('--gpu', 'H100 SXM', '--model', 'x', '--parameters', '671')).stdout).toMatch(
      /^fits +no: 671\.0 GB of weights are 599\.0 GB too many\n/
    )
  })

  test.each([
    [['--gpu', 'H200'], 'no model is named'],
    [['--model', 'a-8b'], 'no graphics processor is named'],
    [['--gpu', 'H200', '--model', 'gpt'], 'the size of this model is not in its name'],
    [['--gpu', 'toaster', '--model', 'a-8b'], 'this GPU is not in the table'],
    [['--gpu', 'H200', '--model', 'a-8b', '--bits', 'x'], '--bits must be a number']
  ])('%j is a usage error', async (words, message) => {
    const { code, stderr } = await plan(...words)
    expect(stderr).toContain(message)
    expect(code).toBe(EXIT.usage)
  })

  test('its flags belong to it alone', async () => {
    expect((await cli(['plan', '--embedded-devnet', '--gpu', 'H200'])).stderr).toContain('--gpu belongs to plan worker')
    expect((await cli(['plan', 'something'])).code).toBe(EXIT.usage)
  })
})
