/** The money commands against a devnet with a chain and a ledger file. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.js'
import { type Devnet, type DevnetChain, fromDevnet, startDevnet } from '../../src/devnet.js'
import { bytesToHex } from '../../src/encoding/index.js'
import { Cocoon } from '../../src/index.js'
import { openFileLedgerStore } from '../../src/node.js'
import { systemClock } from '../../src/runtime/shared/index.js'
import { openLedger, testnet } from '../../src/ton.js'
import { cli, type CliResult } from './cli-support.js'

let devnet: Devnet
let chain: DevnetChain
let folder: string
let flags: string[]
const files: Record<string, Uint8Array> = {}

beforeAll(async () => {
  devnet = await startDevnet({ chain: { openAccounts: false }, databaseFlushMs: 1 })
  if (devnet.chain === undefined) throw new Error('no chain')
  chain = devnet.chain
  folder = await mkdtemp(join(tmpdir(), 'cocoonkit-cli-'))
  const wallet = await chain.createWallet()
  const secret = crypto.getRandomValues(new Uint8Array(32))
  files['owner'] = new TextEncoder().encode(wallet.address)
  files['secret'] = secret
  files['wallet.key'] = new TextEncoder().encode(bytesToHex(wallet.seed))
  files['secret.key'] = secret
  const key = devnet.proxyPublicKeys[0]
  const proxy = chain.proxies[0]
  if (key === undefined || proxy === undefined) throw new Error('no proxy')
  flags = ['--chain', chain.url, '--root', chain.rootAddress, '--test', '--ledger', join(folder, 'ledger')]
  flags.push('--proxy-owner', proxy.owner, '--proxy-key', bytesToHex(key), '--wallet-key-file', 'wallet.key')
})

afterAll(async () => {
  await devnet.close()
  await rm(folder, { recursive: true })
})

/** Runs a command that may read the test's files. */
const run = (...args: string[]): Promise<CliResult> => cli(args, { files })

describe('channel', () => {
  test('open is only planned without --yes, and every risk has to be named', async () => {
    const open = ['channel', 'open', ...flags, '--amount', '16', '--secret-key-file', 'secret.key']
    const plan = await run(...open)
    expect(plan).toMatchObject({ code: EXIT.ok })
    expect(plan.stdout).toContain('risk unknown-contract-code')
    expect(plan.stdout).toContain('Nothing was sent')
    expect((await run(...open, '--yes')).stderr).toContain('Give --value TON')
    const refused = await run(...open, '--yes', '--value', '16.3', '--cap', '17')
    expect(refused.stderr).toContain('ERR_CHANNEL_RISK')
    const capped = await run(
      ...open,
      '--yes',
      '--value',
      '16.3',
      '--cap',
      '1',
      '--acknowledge',
      'unknown-contract-code'
    )
    expect(capped.stderr).toContain('ERR_LIMIT_EXCEEDED')
    const sent = await run(...open, '--yes', '--value', '16.3', '--cap', '17', '--acknowledge', 'unknown-contract-code')
    expect(sent.stdout).toMatch(/open: done\nchannel 0:[0-9a-f]{64}: open\n  balance  █+ +16 TON/)
  })

  test('says that it waits while the chain works, and that an interruption stops nothing', async () => {
    const stop = new AbortController()
    chain.setAutoBlocks(false)
    const words = ['channel', 'topup', ...flags, '--amount', '1', '--yes', '--value', '1.2', '--cap', '2']
    const waited = await cli([...words, '--acknowledge', 'unknown-contract-code'], {
      files,
      isTTY: true,
      signal: stop.signal,
      onStderr: (text) => {
        if (text.includes('waiting')) stop.abort()
      }
    })
    expect(waited.stderr).toContain('top-up: sent, waiting for the chain, 0 s …')
    expect(waited.stderr).toContain('its end is not known yet')
    expect(waited.code).toBe(EXIT.interrupted)
    expect((await run('channel', 'status', ...flags)).stdout).toContain('1 message(s) whose end is not known')
    chain.setAutoBlocks(true)
    await chain.stepBlock()
    const { pending, balanceNano } = JSON.parse((await run('channel', 'status', ...flags, '--json')).stdout) as Record<
      string,
      unknown
    >
    expect({ pending, balanceNano }).toEqual({ pending: 0, balanceNano: '17000000000' })
  })

  test('a described devnet never gets a signature of a wallet that is not its own', async () => {
    const description = new TextEncoder().encode(JSON.stringify(devnet.describe()))
    const words = ['channel', 'status', '--devnet', 'd.json', '--ledger', join(folder, 'other')]
    const own = { files: { ...files, 'd.json': description } }
    expect((await cli([...words, '--wallet-key-file', 'wallet.key'], own)).code).toBe(EXIT.usage)
    expect((await cli([...words, '--chain', chain.url], own)).stderr).toContain('exclude each other')
    expect((await cli(words, own)).stdout).toContain(': none')
  })

  test('requests, receipts, audit, charge, withdraw, close', async () => {
    const ledger = await openLedger({
      store: await openFileLedgerStore({ path: join(folder, 'ledger') }),
      clock: systemClock
    })
    const owner = new TextDecoder().decode(files['owner'])
    const cocoon = new Cocoon({
      network: testnet(chain.rootAddress),
      chain: chain.reader,
      account: { owner, secret: files['secret'] },
      attestation: fromDevnet(devnet).attestation,
      payments: { ledger }
    })
    for (let count = 0; count < 3; count++) {
      const { requestId } = await cocoon.chat.completions
        .create({ model: 'devnet/echo', messages: [{ role: 'user', content: 'hi' }] })
        .withResponse()
      await cocoon.receipt(requestId)
    }
    devnet.commit()
    await chain.idle()
    await cocoon.refreshPayments()
    await cocoon.close()
    await ledger.close()

    const ledgerFlag = ['--ledger', join(folder, 'ledger')]
    expect((await run('receipts', ...ledgerFlag)).stdout).toMatch(/3 receipts, 0\.0\d+ TON/)
    expect((await run('receipts', ...ledgerFlag, '--csv')).stdout.trim().split('\r\n')).toHaveLength(4)
    expect(await run('audit', ...ledgerFlag)).toMatchObject({
      code: EXIT.ok,
      stdout: expect.stringContaining('0 differences')
    })
    expect((await run('channel', 'status', ...flags)).stdout).toContain('reserved')
    const send = ['--yes', '--value', '0.2', '--cap', '0.2']
    expect((await run('channel', 'charge', ...flags, ...send)).stdout).toContain('charge: done')
    expect((await run('channel', 'withdraw', ...flags, ...send)).stdout).toContain('withdraw: done')
    const close = await run('channel', 'close', ...flags, ...send, '--acknowledge', 'close-burns-address')
    expect(close.stdout).toContain('close: done')
    await chain.idle()
    expect((await run('channel', 'status', ...flags)).stdout).toContain(': closed')
  })
})

describe('quote and plan', () => {
  test('quote says the most, and why there is none', async () => {
    const bounded = await run('quote', '--embedded-devnet', '-m', 'devnet/echo', '--max-tokens', '100', 'hello')
    expect(bounded.stdout).toMatch(/^at most +0\.\d+ TON\nexpected +0\.\d+ TON/)
    const free = await run('quote', '--embedded-devnet', '-m', 'devnet/echo', 'hello')
    expect(free.stdout).toContain('no limit: max_tokens is not set')
  })

  test('plan', async () => {
    const load = ['--requests', '100000', '--prompt', '1000', '--completion', '200']
    const { stdout } = await run('plan', '--embedded-devnet', '-m', 'devnet/echo', ...load)
    expect(stdout).toMatch(/a day +6\.76 TON \(5\.2 TON to 6\.76 TON\)/)
  })
})
