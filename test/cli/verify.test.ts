import { afterEach, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.js'
import { type Devnet, type DevnetOptions, startDevnet } from '../../src/devnet.js'
import type { AttestationReport } from '../../src/index.js'
import { cli, type CliResult, type CliSettings } from './cli-support.js'

const opened: Devnet[] = []
afterEach(async () => {
  for (const devnet of opened.splice(0)) await devnet.close()
})

async function start(options?: DevnetOptions): Promise<Devnet> {
  const devnet = await startDevnet({ difficultyBits: 0, ...options })
  opened.push(devnet)
  return devnet
}

const files = (devnet: Devnet): Readonly<Record<string, Uint8Array>> => ({
  'devnet.json': new TextEncoder().encode(JSON.stringify(devnet.describe()))
})

const verify = (devnet: Devnet, words: readonly string[] = [], settings: CliSettings = {}): Promise<CliResult> =>
  cli(['verify', '--devnet', 'devnet.json', ...words], { files: files(devnet), ...settings })

describe('cocoonkit verify', () => {
  test.each([
    ['good', {}, EXIT.ok, 'VERIFIED', undefined],
    ['debug', { tee: { fault: 'debug' } }, EXIT.attestation, 'REFUSED', 'tdx.td.debug'],
    ['revoked', { tee: { fault: 'tcb:Revoked' } }, EXIT.attestation, 'REFUSED', 'tdx.tcb.status'],
    ['wrong key', { tee: { fault: 'wrong-binding' } }, EXIT.attestation, 'REFUSED', 'binding.report-data'],
    ['no evidence', { tee: { kind: 'none' } }, EXIT.attestation, 'REFUSED', 'certificate.evidence']
  ] as const)('shows a proxy in the state %s', async (_state, options, exitCode, verdict, refusedBy) => {
    const devnet = await start(options)
    const { code, stdout, stderr } = await verify(devnet)
    expect({ code, stderr }).toEqual({ code: exitCode, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^verdict +${verdict}$`, 'm'))
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toContain('What no verification can know:')
    if (refusedBy === undefined) {
      expect(stdout).toMatch(/^\d+ passed, 0 failed, 0 not reached/m)
      expect(stdout).toContain('no hardware vendor')
    } else {
      expect(stdout).toMatch(new RegExp(`^refused by .*${refusedBy}`, 'm'))
      expect(stdout).toMatch(new RegExp(`^  FAIL ${refusedBy.replaceAll('.', '\\.')}`, 'm'))
      expect(stdout).toContain('What can be done:')
    }
    expect(devnet.requests).toEqual([])
    expect(devnet.connections[0]?.framesReceived).toBe(0)
  })

  test('prints the report as JSON', async () => {
    const { code, stdout } = await verify(await start(), ['--json'])
    expect(code).toBe(EXIT.ok)
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'cocoonkit.attestation-report.v1',
      verdict: 'verified',
      kind: 'tdx'
    })
  })

  test('paints for a terminal, unless NO_COLOR is set', async () => {
    const devnet = await start()
    expect((await verify(devnet, [], { isTTY: true })).stdout).toContain('\u001b[32mVERIFIED')
    expect((await verify(devnet, [], { isTTY: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b')
  })

  test('does not trust the roots of a devnet without its description', async () => {
    const devnet = await start()
    const hash = devnet.imageHashes[0]!
    const { code, stdout } = await cli([
      'verify',
      '--json',
      '--image-hash',
      hash,
      '--pccs',
      'http://127.0.0.1:9',
      devnet.network.proxies[0]!
    ])
    expect(code).toBe(EXIT.attestation)
    expect((JSON.parse(stdout) as AttestationReport).refusedBy).toContain('tdx.pck.root')
  })

  test('a proxy that is not there is a network failure', async () => {
    const devnet = await start()
    const [address] = devnet.network.proxies
    await devnet.close()
    const { code, stderr } = await verify(devnet, [address!])
    expect({ code, stderr }).toMatchObject({ code: EXIT.network, stderr: expect.stringContaining('ERR_') as string })
  })

  test('writes a proof bundle, and runs it again offline', async () => {
    const devnet = await start()
    const written = new Map<string, string>()
    const live = JSON.parse(
      (await verify(devnet, ['--json', '--proof', 'proof.json'], { written })).stdout
    ) as AttestationReport
    await devnet.close()
    const bundle = new TextEncoder().encode(written.get('proof.json')!)
    const again = await verify(devnet, ['--json', 'proof.json'], { files: { ...files(devnet), 'proof.json': bundle } })
    expect(again.code).toBe(EXIT.ok)
    expect((JSON.parse(again.stdout) as AttestationReport).id).toBe(live.id)
    const untrusted = await cli(['verify', 'proof.json'], { files: { 'proof.json': bundle } })
    expect(untrusted.code).toBe(EXIT.attestation)
    const broken = await cli(['verify', 'proof.json'], { files: { 'proof.json': new TextEncoder().encode('{}') } })
    expect(broken).toMatchObject({ code: EXIT.attestation, stdout: expect.stringContaining('bundle.format') as string })
  })

  test.each([
    [['verify'], /nothing to verify/],
    [['verify', 'a:1', 'b:2'], /one proxy or bundle/],
    [['verify', 'missing.json'], /cannot be read/],
    [['verify', '--image-hash', 'abc', 'a:1'], /64 hex digits/],
    [['verify', '--devnet', 'missing'], /--devnet cannot be read/],
    [['verify', '--devnet', 'bad'], /devnet description/],
    [['verify', 'host:99999'], /port/i]
  ])('%j is wrong usage', async (words, message) => {
    const { code, stderr } = await cli(words, { files: { bad: new TextEncoder().encode('{"schema":"x"}') } })
    expect({ code, stderr }).toMatchObject({ code: EXIT.usage, stderr: expect.stringMatching(message) as string })
  })
})

describe('cocoonkit doctor', () => {
  test('finds everything well', async () => {
    const devnet = await start()
    const { code, stdout } = await cli(['doctor', '--devnet', 'devnet.json'], { files: files(devnet) })
    expect(code).toBe(EXIT.ok)
    for (const check of [
      'runtime',
      'dns',
      'tcp',
      'proof of work',
      'tls',
      'attestation',
      'handshake',
      'account',
      'clock'
    ]) {
      expect(stdout).toMatch(new RegExp(`^ok   ${check} `, 'm'))
    }
    expect(stdout).not.toContain('remedy')
  })

  test('without a proxy looks at this machine only', async () => {
    expect(await cli(['doctor'])).toMatchObject({
      code: EXIT.ok,
      stdout: expect.stringMatching(/^ok   runtime  Node v/) as string
    })
  })

  test.each<[string, DevnetOptions, string, number]>([
    ['attestation', { tee: { fault: 'debug' } }, 'attestation', EXIT.attestation],
    ['clock', { tee: { fault: 'expired-certificate' } }, 'clock', EXIT.attestation],
    ['proof of work', { faults: ['pow-magic'] }, 'proof of work', EXIT.network],
    ['tls', { faults: ['tls-garbage'] }, 'tls', EXIT.network],
    ['handshake', { faults: ['handshake-cut'] }, 'handshake', EXIT.network]
  ])('names what fails, with a remedy: %s', async (_name, options, check, exitCode) => {
    const devnet = await start(options)
    const { code, stdout } = await cli(['doctor', '--devnet', 'devnet.json'], { files: files(devnet) })
    expect({ code, stdout }).toMatchObject({ code: exitCode })
    expect(stdout).toMatch(new RegExp(`^FAIL ${check} +.+\\n +remedy: .+`, 'm'))
  })

  test('an address where nobody listens, and a name that does not exist', async () => {
    const devnet = await start()
    const [address] = devnet.network.proxies
    await devnet.close()
    const closed = await cli(['doctor', '--json', address!])
    expect(closed.code).toBe(EXIT.network)
    expect(JSON.parse(closed.stdout)).toMatchObject({ ok: false, address })
    expect((await cli(['doctor', 'no-such-host.invalid:1'])).stdout).toMatch(/^FAIL dns/m)
  })
})
