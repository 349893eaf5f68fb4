import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.js'
import { type Devnet, startDevnet } from '../../src/devnet.js'
import { cli, type CliResult, type CliSettings } from './cli-support.js'

describe('against a devnet in the process', () => {
  test('chat streams the answer and says what was and was not verified', async () => {
    const { code, stdout, stderr } = await cli(['chat', '--embedded-devnet', 'hello', 'there'])
    expect({ code, stderr }).toMatchObject({ code: EXIT.ok })
    expect(stdout).toContain('hello there')
    expect(stdout.endsWith('\n')).toBe(true)
    expect(stderr).toMatch(/peer +127\.0\.0\.1:\d+, protocol 4/)
    expect(stderr).toMatch(/attestation +verified, report \w+…; verified in full against the devnet/)
    expect(stderr).toMatch(/tokens +\d+ prompt, \d+ completion \(\d+ charged units\)/)
    expect(stderr).toMatch(/cost +0\.0\d* TON \(by the price of the network\)/)
    expect(stderr).not.toContain('proof of work')
  })

  test('chat shows progress to a person only', async () => {
    const { stderr } = await cli(['chat', '--embedded-devnet', 'hi'], { isTTY: true })
    expect(stderr).toContain('connecting to 127.0.0.1')
    expect(stderr).toContain('pow done')
  })

  test('chat --json prints one object', async () => {
    const { code, stdout, stderr } = await cli(
      ['chat', '--embedded-devnet', '--json', '-s', 'be brief', '-m', 'devnet/echo-large'],
      {
        stdin: 'piped words\n'
      }
    )
    expect(code).toBe(EXIT.ok)
    expect(stderr).toBe('')
    const outcome = JSON.parse(stdout) as Record<string, unknown>
    expect(outcome).toMatchObject({
      model: 'devnet/echo-large',
      finishReason: 'stop',
      peer: { protocolVersion: 4, verified: true },
      figures: { complete: true, costSource: 'price' },
      attestation: { schema: 'cocoonkit.attestation-report.v1', verdict: 'verified' }
    })
    expect(outcome['text']).toContain('piped words')
  })

  test('models prints the market with prices', async () => {
    const { code, stdout } = await cli(['models', '--embedded-devnet'])
    expect(code).toBe(EXIT.ok)
    expect(stdout).toMatch(/^model +workers +load +coefficient +prompt\/M +cached\/M +completion\/M/)
    // 10^6 tokens × coefficient 1.000 × multiplier 8 × 20 nanotons = 0.16 TON (pricing.md §1)
    expect(stdout).toMatch(/devnet\/echo +2 +0\/\d+ +1\.000–1\.300 +0\.02 TON +0\.002 TON +0\.16 TON/)
    expect(stdout).toMatch(/devnet\/echo-large +1 +0\/\d+ +2\.500 /)
  })

  test('models --json', async () => {
    const { stdout } = await cli(['models', '--embedded-devnet', '--json'])
    const { models } = JSON.parse(stdout) as { models: Record<string, unknown>[] }
    expect(models.map(({ model }) => model)).toEqual(['devnet/echo', 'devnet/echo-large'])
    expect(models[0]).toMatchObject({
      lowestCoefficient: 1000,
      highestCoefficient: 1300,
      nanoPerMillionTokens: { completion: '160000000' }
    })
  })

  test('an unknown model is a refusal of the network', async () => {
    const { code, stderr } = await cli(['chat', '--embedded-devnet', '-m', 'no/such', 'hi'])
    expect(code).toBe(EXIT.answer)
    expect(stderr).toContain('ERR_QUERY_REFUSED')
    expect(stderr).toContain('the peer says (untrusted)')
  })
})

describe('against a proxy given by address', () => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startDevnet({ account: { secret: 'canary-secret' } })
  })
  afterAll(() => devnet.close())

  const run = (extra: readonly string[], settings: CliSettings = {}): Promise<CliResult> =>
    cli(
      ['chat', '--test', '--proxy', devnet.network.proxies[0]!, '--owner', devnet.account.owner, ...extra, 'hi'],
      settings
    )

  test('refuses every peer unless told otherwise, and says so', async () => {
    const { code, stdout, stderr } = await run([], { env: { COCOON_SECRET: 'canary-secret' } })
    expect(code).toBe(EXIT.attestation)
    expect(stdout).toBe('')
    expect(stderr).toContain('ERR_ATTESTATION_REFUSED')
    expect(devnet.requests).toHaveLength(0)
  })

  test.each([
    ['the default variable', [], { env: { COCOON_SECRET: 'canary-secret' } }],
    ['a named variable', ['--secret-env', 'MINE'], { env: { MINE: 'canary-secret' } }],
    ['a file', ['--secret-file', 'f'], { files: { f: new TextEncoder().encode('canary-secret\r\n') } }]
  ])('takes the secret from %s and warns about unsafe', async (_name, extra, settings) => {
    const { code, stdout, stderr } = await run(['--unsafe-accept-any-peer', ...extra], settings)
    expect({ code, stderr }).toMatchObject({ code: EXIT.ok })
    expect(stderr).toContain('WARNING: --unsafe-accept-any-peer')
    expect(stderr).toContain('ANY PEER IS ACCEPTED')
    expect(stdout + stderr).not.toContain('canary-secret')
  })

  test('a wrong secret is an account failure and is not printed', async () => {
    const { code, stdout, stderr } = await run(['--unsafe-accept-any-peer'], { env: { COCOON_SECRET: 'wrong-canary' } })
    expect({ code, stderr }).toMatchObject({ code: EXIT.account })
    expect(stdout + stderr).not.toContain('canary')
  })

  test('an unreachable proxy is a network failure', async () => {
    const closed = await startDevnet()
    const [proxy] = closed.network.proxies
    await closed.close()
    const { code } = await cli(['models', '--json', '--proxy', proxy!, '--owner', devnet.account.owner])
    expect(code).toBe(EXIT.network)
  })

  test('an interruption ends the call', async () => {
    const controller = new AbortController()
    const { code } = await run(['--unsafe-accept-any-peer'], {
      env: { COCOON_SECRET: 'canary-secret' },
      signal: controller.signal,
      onStdout: () => controller.abort()
    })
    expect(code).toBe(EXIT.interrupted)
  })
})

describe('cocoonkit devnet', () => {
  test('prints a description that chat understands, until interrupted', async () => {
    const controller = new AbortController()
    let description: { readonly network: { readonly proxies: readonly string[] } } | undefined
    const ready = new Promise<void>((resolve) => {
      void cli(['devnet', '--json', '--proxies', '2', '--token-delay', '0'], {
        signal: controller.signal,
        onStdout: (text) => {
          description = JSON.parse(text) as typeof description
          resolve()
        }
      }).then(({ code }) => expect(code).toBe(EXIT.ok))
    })
    await ready
    expect(description!.network.proxies).toHaveLength(2)
    const files = { 'devnet.json': new TextEncoder().encode(JSON.stringify(description)) }
    const { code, stdout } = await cli(['chat', '--devnet', 'devnet.json', 'hello'], { files })
    expect(code).toBe(EXIT.ok)
    expect(stdout).toContain('hello')
    controller.abort()
  })

  test('writes the description to a file', async () => {
    const controller = new AbortController()
    const written = new Map<string, string>()
    const writtenPrivately = new Set<string>()
    const words = ['devnet', '--describe', 'd.json', '--tee', 'snp', '--tee-fault', 'debug']
    const onStdout = (): void => controller.abort()
    const { code } = await cli(words, { signal: controller.signal, written, writtenPrivately, onStdout })
    expect(code).toBe(EXIT.ok)
    expect([...writtenPrivately]).toEqual(['d.json'])
    expect(JSON.parse(written.get('d.json')!)).toMatchObject({ schema: 'cocoonkit.devnet-description.v1' })
    expect((await cli(['devnet', '--tee-fault', 'no-such'])).code).toBe(EXIT.usage)
  })

  test('prints a command line to try', async () => {
    const controller = new AbortController()
    const { code, stdout } = await cli(['devnet'], { signal: controller.signal, onStdout: () => controller.abort() })
    expect(code).toBe(EXIT.ok)
    expect(stdout).toContain('cocoonkit chat --devnet FILE')
  })
})
