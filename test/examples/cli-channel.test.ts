/**
 * The money commands as a person uses them: the built command line, one process each, against a devnet in a process of its
 * own, with nothing but the devnet's description.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const run = promisify(execFile)
let folder: string
let file: string
let devnet: ChildProcess

/** Runs one command to its end. */
async function cli(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(process.execPath, [main, ...words, '--devnet', file])) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}
async function json(...words: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await cli(...words, '--json')
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}
const sending = (value: string, ...risks: string[]): string[] => [
  ...['--yes', '--value', value, '--cap', '17'],
  ...risks.flatMap((risk) => ['--acknowledge', risk])
]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cocoonkit-cli-'))
  file = join(folder, 'devnet.json')
  devnet = spawn(
    process.execPath,
    [main, 'devnet', '--chain', '--unopened', '--token-delay', '0', '--describe', file],
    {
      stdio: ['ignore', 'pipe', 'inherit']
    }
  )
  await new Promise<void>((resolve, reject) => {
    devnet.stdout?.once('data', () => resolve())
    devnet.once('exit', (code) => reject(new Error(`the devnet ended with ${code}`)))
  })
})

afterAll(async () => {
  const ended = new Promise((resolve) => devnet.once('exit', resolve))
  devnet.kill('SIGTERM')
  await ended
  await rm(folder, { recursive: true })
})

describe('with one flag', () => {
  it('a channel is opened from a funded wallet', async () => {
    const description = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    expect(description['chain']).toMatchObject({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) })
    expect(await json('channel', 'status')).toMatchObject({ phase: 'none', ownerTonNano: '100000000000' })
    const plan = await cli('channel', 'open', '--amount', '16')
    expect(plan.stdout).toContain('Nothing was sent. To send: --yes --value TON --cap TON --acknowledge')
    const opened = await cli(...['channel', 'open', '--amount', '16'], ...sending('16.3', 'unknown-contract-code'))
    expect(['', 'open: sent, waiting for the chain …\n']).toContain(opened.stderr)
    expect(opened.stdout).toMatch(/^open: done\nchannel 0:[0-9a-f]{64}: open\n {2}balance {2}█+ +16 TON\n/)
  })

  it('chat pays, receipts and audit read the ledger beside the description', async () => {
    for (let count = 0; count < 2; count++) {
      const { code, stdout, stderr } = await cli('chat', 'hello')
      expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: expect.stringContaining('hello') })
      expect(stderr).toContain('by the price of the network')
    }
    const { receipts, totalNano } = await json('receipts')
    expect(receipts).toHaveLength(2)
    expect(await json('audit')).toMatchObject({ receipts: 2, totalNano, wrong: [] })
    expect((await cli('receipts', '--csv')).stdout.trim().split('\r\n')).toHaveLength(3)
  })

  it('models, quote and plan know the prices of the root contract', async () => {
    const { models } = (await json('models')) as { models: { nanoPerMillionTokens?: { completion: string } }[] }
    expect(models[0]?.nanoPerMillionTokens?.completion).toBe('160000000')
    expect((await cli('quote', '-m', 'devnet/echo', '--max-tokens', '50', 'hi')).stdout).toMatch(/^at most +0\.\d+ TON/)
    const load = ['--requests', '100000', '--prompt', '1000', '--completion', '200']
    expect((await cli('plan', '-m', 'devnet/echo', ...load)).stdout).toMatch(/a day +6\.76 TON/)
    expect((await cli('plan', 'worker', '--gpu', 'H200', '-m', 'x-8b')).stdout).toContain("prices: the devnet's")
  })

  it('top-up, charge, withdraw, close; the ledger knows every message', { timeout: 300_000 }, async () => {
    const topped = await cli('channel', 'topup', '--amount', '2', ...sending('2.2', 'unknown-contract-code'))
    expect(topped.stdout).toMatch(/^top-up: done\n.*\n {2}balance {2}█+ +18 TON/)
    // The proxy commits once a second; a charge is signed for what was committed.
    let signed = '0'
    for (let attempt = 0; attempt < 20 && signed === '0'; attempt++) {
      await cli('chat', 'once more')
      signed = String((await json('channel', 'status'))['unsettledNano'])
    }
    expect(BigInt(signed)).toBeGreaterThan(0n)
    const charged = await json('channel', 'charge', ...sending('0.2'))
    expect(charged).toMatchObject({ result: 'done', channel: { phase: 'open', unsettledNano: '0' } })
    expect((await cli('channel', 'withdraw', ...sending('0.2'))).stdout).toContain('withdraw: done')
    expect((await cli('channel', 'close', ...sending('0.2', 'close-burns-address'))).stdout).toContain('close: done')
    let phase: unknown
    for (let attempt = 0; attempt < 20 && phase !== 'closed'; attempt++)
      phase = (await json('channel', 'status'))['phase']
    expect(await json('channel', 'status')).toMatchObject({ phase: 'closed', balanceNano: '0', pending: 0 })
    expect((await cli('channel', 'topup', '--amount', '2')).code).not.toBe(0)
  })
})
