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
  demo: [/devnet/, /pow/, /tls/, /verified: (\d+) of \1 checks passed/, /tdx, TCB UpToDate/, /not a language model/, /tokens\s+\d+/, /cost\s+\d+ nanoTON/],
  'node-chat': [/not a language model.*Hello, cocoon!/s, /cost: \d+ nanoTON, attestation report: [0-9a-f]{64}/],
  'node-stream': [/Stream this back to me, please\./],
  'openai-sdk': [/not a language model.*which SDK/s],
  'abort-and-timeout': [/aborted: ERR_ABORTED/, /left the loop/, /timed out: true/]
}

/** Examples with pages or servers, tested elsewhere. */
const OWN_TESTS: readonly string[] = ['browser-chat']

describe('examples', () => {
  it('are all run by this test or by a test of their own', () => {
    const folders = readdirSync(`${root}examples`, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => name).filter((name) => EXPECTED[name] === undefined && !OWN_TESTS.includes(name))).toEqual([])
  })

  it.each(Object.entries(EXPECTED))('%s prints what it promises', async (name, patterns) => {
    const script = readdirSync(`${root}examples/${name}`).find((file) => file.endsWith('.mjs'))
    const { stdout, stderr } = await run(process.execPath, [`examples/${name}/${script}`], { cwd: root, timeout: 60_000 })
    expect(stderr).toBe('')
    for (const pattern of patterns) expect(stdout).toMatch(pattern)
  })
})
