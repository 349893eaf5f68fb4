/** The README's first screen, its table of entries, its list of commands, and every relative link of the pages at the top. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/registry.js'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const readme = read('README.md')
const section = (heading: string): string => readme.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!

describe('README.md', () => {
  it('opens with exactly the two commands', () => {
    const [firstScreen] = readme.split('\n## ')
    const blocks = [...firstScreen!.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)]
    expect(blocks.map((block) => block[1])).toEqual(['sh'])
    const commands = blocks[0]![2]!
      .trim()
      .split('\n')
      .map((line) => line.replace(/\s*#.*/, ''))
    expect(commands).toEqual(['npm ci && npm run demo', 'npm ci && npm test'])
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test']))
  })

  it('lists the subpaths of package.json, and no other', () => {
    const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, unknown> }
    const subpaths = Object.keys(exports).filter((path) => path !== './package.json')
    const rows = [...section('Entries').matchAll(/^\| ([^|]+) \| [^|]+ \|$/gm)]
    const listed = rows.flatMap((row) => [...row[1]!.matchAll(/`(cocoonkit[^`]*)`/g)].map((match) => match[1]!))
    expect(listed.toSorted()).toEqual(subpaths.map((path) => path.replace(/^\./, 'cocoonkit')).toSorted())
  })

  it('names the commands of the command line', () => {
    const sentence = /^The \[command line\]\(docs\/cli\.md\): ([^;]*);/m.exec(readme)![1]!
    const named = [...sentence.matchAll(/`(?:cocoonkit )?(\w+)`/g)].map((match) => match[1])
    expect(named).toEqual(COMMANDS.map(({ name }) => name))
  })

  it('says what it does not do, and links the table of runtimes', () => {
    expect(section('What it does not do')).toContain('has not met the live network')
    expect(readme).toContain('](docs/runtimes.md)')
  })
})

const pages = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs/', root)).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))
]

describe('relative links', () => {
  it.each(pages)('of %s lead somewhere', (page) => {
    const prose = read(page)
      .replaceAll(/^```[\s\S]*?^```/gm, '')
      .replaceAll(/`[^`\n]*`(?!\])/g, '')
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1]!)
      .filter((link) => !/^[a-z]+:/.test(link))
    for (const link of links) {
      const [path, anchor] = link.split('#') as [string, string?]
      const target = path === '' ? new URL(page, root) : new URL(path, new URL(page, root))
      expect(existsSync(target), `${page}: ${link}`).toBe(true)
      if (anchor === undefined) continue
      const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1]!))
      expect(headings, `${page}: ${link}`).toContain(anchor)
    }
  })
})

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}
