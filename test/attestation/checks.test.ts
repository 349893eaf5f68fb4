import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CHECK_IDS, describeCheck } from '../../src/attestation.js'

const room = fileURLToPath(new URL('../../src/attestation/', import.meta.url))
const pages = fileURLToPath(new URL('../../docs/checks/', import.meta.url))
const tests = fileURLToPath(new URL('.', import.meta.url))

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}${name}`)
}

const sources = new Map(filesBelow(room, '.ts').map((path) => [path.slice(room.length), readFileSync(path, 'utf8')]))
/** Ids that are composed at the place of use. */
const COMPOSED = ['tdx.root-crl', 'tdx.pck-crl', 'snp.crl', 'tdx.tcb-info', 'tdx.qe-identity']
const SUFFIXES = ['format', 'signature', 'validity']

describe('the table of checks', () => {
  it('has at least 50, each with title and remedy', () => {
    expect(CHECK_IDS.length).toBeGreaterThanOrEqual(50)
    expect(new Set(CHECK_IDS).size).toBe(CHECK_IDS.length)
    for (const id of CHECK_IDS) {
      expect(id).toMatch(/^[a-z]+(\.[a-z-]+){1,2}$/)
      const { title, remedy } = describeCheck(id)
      expect(title.length).toBeGreaterThan(10)
      expect(remedy.length).toBeGreaterThan(10)
    }
  })

  it('has a page for each check, and no page without one', () => {
    expect(
      readdirSync(pages)
        .filter((name) => name !== 'README.md')
        .toSorted()
    ).toEqual(CHECK_IDS.map((id) => `${id}.md`).toSorted())
    for (const id of CHECK_IDS) expect(readFileSync(`${pages}${id}.md`, 'utf8')).toContain(describeCheck(id).title)
  })

  it('is used in full by the code, and made to fail by a test', () => {
    const code = [...sources]
      .filter(([name]) => !/report\/check(s|-titles)\.ts$/.test(name))
      .map(([, text]) => text)
      .join('\n')
    const proofs = filesBelow(tests, '.test.ts')
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n')
    /** Cannot be reached from outside, or only report. */
    const unreachable = ['verifier.internal', 'certificate.lifetime', 'tdx.tcb.advisories']
    for (const id of CHECK_IDS) {
      const composed = COMPOSED.some((prefix) => SUFFIXES.some((suffix) => id === `${prefix}.${suffix}`))
      expect(composed || code.includes(`'${id}'`), `${id} in the code`).toBe(true)
      expect(unreachable.includes(id) || proofs.includes(`'${id}'`), `${id} in a test`).toBe(true)
    }
  })
})

describe('no branch rejects without a check', () => {
  it('throws only inside what Findings.parse or a documented function turns into a check or a typed error', () => {
    /** Modules whose throws are caught by `findings.parse` or are the public, typed errors of a source or an option. */
    const allowed = [
      'collateral/bounded-fetch.ts',
      'collateral/intel.ts',
      'collateral/relay.ts',
      'collateral/lower-hex.ts',
      'collateral/strict-json.ts',
      'image-hash.ts',
      'load.ts',
      'policy/check-options.ts',
      'policy/rules.ts',
      'proof-bundle.ts',
      'report/findings.ts',
      'snp/collateral.ts',
      'snp/vcek.ts',
      'tdx/collateral.ts',
      'tdx/pck-extension.ts',
      'tdx/quote.ts',
      'tdx/tcb-info.ts',
      'trust.ts',
      'verification.ts'
    ]
    const throwing = [...sources]
      .filter(([, text]) => /\bthrow\b(?! for)[^\n]*(new|Error|\.reason|error\b)/.test(text))
      .map(([name]) => name)
    expect(throwing.filter((name) => !allowed.includes(name))).toEqual([])
  })

  it('refuses in reports through failed checks only', () => {
    const verdicts = [...sources].filter(([, text]) => text.includes("'refused'")).map(([name]) => name)
    expect(verdicts.toSorted()).toEqual(['policy/judge.ts', 'report/report.ts'])
    expect(existsSync(`${room}report/findings.ts`)).toBe(true)
  })
})
