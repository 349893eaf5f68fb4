/**
 * Runs each example the way a reader would, on the built package, and looks at what it prints.
 */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** Example folder → what its output must contain, in order. A folder that is not listed fails the first test. */
const EXPECTED: Readonly<Record<string, readonly RegExp[]>> = {
  demo: [
    /devnet/,
    /pow/,
    /tls/,
    /verified: (\d+) of \1 checks passed/,
    /tdx, TCB UpToDate/,
    /not a language model/,
    /tokens\s+\d+/,
    /cost\s+\d+ nanoTON/,
    /receipt\s+request [0-9a-f]{16}…, attested by [0-9a-f]{16}…/,
    /recomputed\s+\d+ tokens charged; its usage costs at most \d+/,
    /signed total\s+.*; 0 differences/
  ],
  'node-chat': [/not a language model.*Hello, cocoon!/s, /cost: \d+ nanoTON, attestation report: [0-9a-f]{64}/],
  'node-stream': [/Stream this back to me, please\./],
  'openai-sdk': [/not a language model.*which SDK/s],
  'abort-and-timeout': [/aborted: ERR_ABORTED/, /left the loop/, /timed out: true/],
  'telegram-translation-bot': [
    /chat 7 {2}Jan: Ja, sie sitzt auf dem Dach\.\s+→ Yes, she \(the cat\) is sitting on the roof\./,
    /chat 9 {2}Zoé: .*\s+→ At her place, as always \(about dinner\)\./,
    /^(?![^]*not translated)/
  ],
  'chat-summary': [
    /budget 600000 nanoTON, 120 messages in 4 parts\n(?:- Decided: .*\n){5}spent \d{5} nanoTON in 5 requests/,
    /budget 100000 nanoTON, 120 messages in 4 parts, 2 left out\n(?:- Decided: .*\n){2}spent \d{5} nanoTON in 3 requests/
  ],
  'customer-service-triage': [
    /billing {3}urgency 3 {2}en {2}to the desk .*\(attempts: 1\)/,
    /delivery {2}urgency 5 {2}de {2}to a person .*\(attempts: 1\)/,
    /technical urgency 4 .*\(attempts: 2\)/,
    /other .*to a person .*could not be sorted by machine \(attempts: 2\)/
  ],
  'worker-gateway': [
    /a user of the bot: 200 .*Hello from the edge/,
    /a stranger: 401 ERR_UNAUTHORIZED/,
    /another page: 403 ERR_UNAUTHORIZED/,
    /attestation: verified, tdx/
  ]
}

/** Examples with pages or servers, tested elsewhere. */
const OWN_TESTS: readonly string[] = ['browser-chat', 'channel-lifecycle', 'mini-app']

describe('examples', () => {
  it('are all run by this test or by a test of their own', () => {
    const folders = readdirSync(`${root}examples`, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(
      folders.map(({ name }) => name).filter((name) => EXPECTED[name] === undefined && !OWN_TESTS.includes(name))
    ).toEqual([])
  })

  it.each(Object.entries(EXPECTED))('%s prints what it promises', async (name, patterns) => {
    const script = readdirSync(`${root}examples/${name}`).find((file) => file.endsWith('.mjs'))
    const { stdout, stderr } = await run(process.execPath, [`examples/${name}/${script}`], {
      cwd: root,
      timeout: 60_000
    })
    expect(stderr).toBe('')
    for (const pattern of patterns) expect(stdout).toMatch(pattern)
  })

  it("mini-app's one command serves the page's backend", async () => {
    const { stdout, stderr } = await run(process.execPath, ['examples/mini-app/server/main.mjs', '--once'], {
      cwd: root,
      timeout: 60_000
    })
    expect(stderr).toBe('')
    expect(stdout).toMatch(
      /session {4}Ada, a channel of 1000000 nanoTON\nmodels {5}devnet\/echo, devnet\/echo-large\nstrangers {2}401/
    )
  })
})
