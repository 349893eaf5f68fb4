import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.js'
import { cli, type CliResult } from './cli-support.js'

const run = promisify(execFile)
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false
)

/** Serves while `use` runs. */
async function serving(
  words: readonly string[],
  use: (url: string) => Promise<void>,
  env: Record<string, string> = {}
): Promise<CliResult> {
  const stop = new AbortController()
  let started: (url: string) => void = () => {}
  const url = new Promise<string>((resolve) => (started = resolve))
  const done = cli(['serve', '--embedded-devnet', '--port', '0', ...words], {
    env,
    signal: stop.signal,
    onStdout: (text) => {
      const match = /http:\/\/127\.0\.0\.1:\d+/.exec(text)
      if (match !== null) started(match[0])
    }
  })
  try {
    await use(await Promise.race([url, done.then(({ stderr }) => Promise.reject(new Error(stderr)))]))
  } finally {
    stop.abort()
  }
  return done
}

const body = JSON.stringify({ model: 'devnet/echo', messages: [{ role: 'user', content: 'hello there' }] })
const json = { 'content-type': 'application/json' }

describe('cocoonkit serve', () => {
  test('is OpenAI’s API for fetch', async () => {
    const { code, stdout, stderr } = await serving([], async (url) => {
      const models = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] }
      expect(models.data.map(({ id }) => id)).toContain('devnet/echo')
      const whole = (await (
        await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: json, body })
      ).json()) as {
        choices: { message: { content: string } }[]
      }
      expect(whole.choices[0]!.message.content).toContain('hello there')
      const streamed = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: json,
        body: body.replace('{', '{"stream":true,')
      })
      expect((await streamed.text()).endsWith('data: [DONE]\n\n')).toBe(true)
      expect(await (await fetch(`${url}/attestation`)).json()).toMatchObject({ verdict: 'verified', kind: 'tdx' })
      expect(await (await fetch(`${url}/metrics`)).text()).toContain('cocoon_gateway_requests_total')
      const page = await fetch(`${url}/v1/models`, { headers: { origin: 'https://evil.example' } })
      expect(page.status).toBe(403)
    })
    expect(code).toBe(EXIT.ok)
    expect(stdout).toContain('/attestation')
    expect(stdout).toContain('no limit')
    expect(stderr).toMatch(/\/v1\/chat\/completions 200 complete/)
    expect(stdout + stderr).not.toContain('hello there')
  })

  test.skipIf(!hasCurl)('works for curl: whole, streamed, errors, another host name', async () => {
    await serving([], async (url) => {
      const post = [
        '-sS',
        `${url}/v1/chat/completions`,
        '-H',
        'content-type: application/json',
        '-H',
        'authorization: Bearer sk-x',
        '-d'
      ]
      expect((await run('curl', [...post, body])).stdout).toContain('hello there')
      const { stdout } = await run('curl', ['-N', ...post, body.replace('{', '{"stream":true,')])
      expect(stdout.startsWith('data: {')).toBe(true)
      expect(stdout.endsWith('data: [DONE]\n\n')).toBe(true)
      const failed = await run('curl', ['-i', ...post, '{"model":"devnet/echo","messages":[],"tools":[{}]}'])
      expect(failed.stdout).toMatch(/^HTTP\/1\.1 400 /)
      expect(failed.stdout).toContain('"param":"tools"')
      const other = await run('curl', [
        '-sS',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        `${url}/v1/models`,
        '-H',
        'host: evil.example'
      ])
      expect(other.stdout).toBe('421')
      const head = await run('curl', ['-sSI', `${url}/healthz`])
      expect(head.stdout).toMatch(/^HTTP\/1\.1 200 /)
    })
  })

  test('a token, a cap on spending, JSON', async () => {
    const { stdout } = await serving(
      ['--token-env', 'TOKEN', '--max-spend', '0.000000001', '--json'],
      async (url) => {
        expect((await fetch(`${url}/v1/models`)).status).toBe(401)
        const headers = { ...json, authorization: 'Bearer 0123456789abcdef' }
        const ask = (): Promise<Response> => fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
        const first = await ask()
        expect(first.status).toBe(200)
        await first.text()
        expect((await ask()).status).toBe(402)
      },
      { TOKEN: '0123456789abcdef' }
    )
    expect(JSON.parse(stdout)).toMatchObject({
      needsToken: true,
      maxSpendNano: '1',
      baseUrl: expect.stringMatching(/\/v1$/)
    })
  })

  test.each([
    [['--max-spend', 'much'], /--max-spend/],
    [['--token-env', 'NOT_SET'], /no variable NOT_SET/],
    [['--port', '70000'], /--port/]
  ])('%j is a usage error', async (words, message) => {
    const { code, stderr } = await cli(['serve', '--embedded-devnet', ...words])
    expect(code).toBe(EXIT.usage)
    expect(stderr).toMatch(message)
  })
})
