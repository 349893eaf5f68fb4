import { describe, expect, test } from 'vitest'
import { EXIT, exitCodeOf } from '../../src/cli/exit-codes.js'
import { formatTable, formatTon, printable } from '../../src/cli/print.js'
import { COMMANDS } from '../../src/cli/registry.js'
import { CocoonError } from '../../src/errors.js'
import { cli } from './cli-support.js'

const OWNER = `0:${'11'.repeat(32)}`

describe('cocoonkit', () => {
  test('--help names every command and the exit codes', async () => {
    for (const words of [['--help'], ['-h'], ['help']]) {
      const { code, stdout } = await cli(words)
      expect(code).toBe(EXIT.ok)
      for (const { summary } of COMMANDS) expect(stdout).toContain(summary)
      expect(stdout).toContain('130 interrupted')
    }
    expect((await cli([])).code).toBe(EXIT.usage)
  })

  test.each(COMMANDS.map(({ name }) => name))('%s --help lists its options', async (name) => {
    const registered = COMMANDS.find((candidate) => candidate.name === name)!
    const command = await registered.load()
    const { code, stdout } = await cli([name, '--help'])
    expect(code).toBe(EXIT.ok)
    for (const option of [...Object.keys(command.options), 'json', 'help']) expect(stdout).toContain(`--${option}`)
    expect([command.name, command.summary]).toEqual([registered.name, registered.summary])
  })

  test('--version', async () => {
    expect(await cli(['--version'])).toEqual({ code: EXIT.ok, stdout: '1.2.3-test\n', stderr: '' })
  })

  test.each([
    [['nonsense'], /there is no command/],
    [['chat', '--nonsense'], /--nonsense/],
    [['chat', '--proxy'], /--proxy/],
    [['models', 'word'], /word/],
    [['chat', 'hi'], /no proxy is named/],
    [['chat', '--proxy', 'a:1', 'hi'], /no account is named/],
    [['chat', '--embedded-devnet', '--owner', OWNER, 'hi'], /exclude each other/],
    [['chat', '--embedded-devnet'], /there is no prompt/],
    [['chat', '--embedded-devnet', '--timeout', 'soon', 'hi'], /--timeout must be a number/],
    [['chat', '--embedded-devnet', '--timeout', '', 'hi'], /--timeout must be a number/],
    [['chat', '--proxy', 'nonsense', '--owner', OWNER, 'hi'], /network\.proxies\[0\]/],
    [['chat', '--proxy', 'a:1', '--owner', OWNER, '--secret-env', 'NOT_SET', 'hi'], /no variable NOT_SET/],
    [['chat', '--proxy', 'a:1', '--owner', OWNER, '--secret-file', 'nowhere', 'hi'], /cannot be read/],
    [
      ['chat', '--proxy', 'a:1', '--owner', OWNER, '--secret-file', 'f', '--secret-env', 'E', 'hi'],
      /exclude each other/
    ],
    [['devnet', '--port', '70000'], /--port/],
    [['devnet', '--upstream', 'localhost:1'], /--upstream/],
    [['devnet', '--worker', 'best'], /--worker must be one of/]
  ])('%j is a usage error', async (words, message) => {
    const { code, stdout, stderr } = await cli(words)
    expect(code).toBe(EXIT.usage)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
  })

  test('an empty prompt from a pipe is refused', async () => {
    expect((await cli(['chat', '--embedded-devnet'], { stdin: ' \n' })).stderr).toMatch(/the prompt is empty/)
  })

  test('--json prints failures as JSON on standard output', async () => {
    const { code, stdout, stderr } = await cli(['chat', '--json', 'hi'])
    expect(code).toBe(EXIT.usage)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'ERR_OPTIONS', phase: 'options', charged: 'no' } })
  })

  test('there is no option that takes a secret on the command line', async () => {
    for (const { load } of COMMANDS) {
      for (const [name, { placeholder }] of Object.entries((await load()).options)) {
        if (name.includes('secret')) expect(['NAME', 'PATH']).toContain(placeholder)
      }
    }
  })
})

describe('exit codes', () => {
  test.each([
    ['ERR_OPTIONS', 'options', 2],
    ['ERR_REQUEST_FIELD', 'request', 2],
    ['ERR_DIAL', 'dial', 3],
    ['ERR_POW_DIFFICULTY', 'pow', 3],
    ['ERR_TLS', 'tls', 3],
    ['ERR_NO_PROXY', 'attestation', 3],
    ['ERR_ATTESTATION_REFUSED', 'attestation', 4],
    ['ERR_AUTHORIZATION', 'authorization', 5],
    ['ERR_QUERY_REFUSED', 'query', 6],
    ['ERR_STREAM_EMPTY', 'stream', 6],
    ['ERR_TIMEOUT', 'dial', 7],
    ['ERR_ABORTED', 'request', 130],
    ['ERR_INTERNAL', 'close', 1]
  ] as const)('%s in %s is %i', (code, phase, exit) => {
    expect(exitCodeOf(new CocoonError(code, 'x', { phase }))).toBe(exit)
  })

  test('a foreign error is a failure', () => expect(exitCodeOf(new Error('x'))).toBe(EXIT.failure))
})

describe('printing', () => {
  test('what a peer says cannot steer the terminal', () => {
    expect(printable('a\u001b[2Jb\u0007c\rd\u202ee\u009bf\tg\nh')).toBe('a�[2Jb�c�d�e�f\tg\nh')
  })

  test.each([
    [0n, '0 TON'],
    [1n, '0.000000001 TON'],
    [1_500_000_000n, '1.5 TON'],
    [-2_000_000_001n, '-2.000000001 TON'],
    [123_456_789_000_000_000n, '123456789 TON']
  ])('%s nanotons', (nano, text) => expect(formatTon(nano)).toBe(text))

  test('tables align', () => {
    expect(
      formatTable(
        ['name', 'n'],
        [
          ['a', '10'],
          ['long name', '2']
        ]
      )
    ).toBe(['name        n', '─────────  ──', 'a          10', 'long name   2', ''].join('\n'))
  })
})
