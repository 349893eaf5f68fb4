/**
 * Runs every `js` snippet of the README and the docs as it stands, type-checks nothing away: a snippet that does not run fails
 * here. `ts` snippets are excerpts; they are parsed for syntax.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const scratch = join(root, '.cache/snippets')
const run = promisify(execFile)

interface Snippet {
  readonly name: string
  readonly language: string
  readonly code: string
}

function markdownFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return markdownFiles(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

const files = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md'].map((name) => join(root, name)),
  ...markdownFiles(join(root, 'docs'))
]
const snippets: Snippet[] = files.flatMap((file) => {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^```(\w+)[^\n]*\n([\s\S]*?)^```/gm)].map((match) => ({
    name: `${relative(root, file)}:${text.slice(0, match.index).split('\n').length}`,
    language: match[1]!,
    code: match[2]!
  }))
})

beforeAll(() => void mkdirSync(scratch, { recursive: true }))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('snippets', () => {
  it('exist', () => expect(snippets.filter(({ language }) => language === 'js').length).toBeGreaterThan(1))

  it.each(snippets.filter(({ language }) => language === 'js'))('$name runs', async ({ name, code }) => {
    const file = join(scratch, `${name.replaceAll(/[^a-z0-9]/gi, '-')}.mjs`)
    writeFileSync(file, code)
    const { stdout, stderr } = await run(process.execPath, [file], { cwd: root, timeout: 60_000 })
    expect(stderr).toBe('')
    expect(stdout).not.toBe('')
  })

  const excerpts = snippets.filter(({ language }) => language === 'ts')
  it.each(excerpts)('$name parses', async ({ code }) => {
    expect((await transform(code, { loader: 'ts' })).code).not.toBe('')
  })
})
