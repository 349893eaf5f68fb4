/** docs/architecture.md draws the levels that scripts/layers.mjs enforces, and the ports that exist. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const page = read('docs/architecture.md')
const section = (heading: string): string => page.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!
const named = (text: string): string[] => [...text.matchAll(/`([\w./-]+)`/g)].map((match) => match[1]!)

describe('docs/architecture.md', () => {
  it('puts the rooms of scripts/layers.mjs on their levels', () => {
    const source = /const LEVELS = new Map\(\[([\s\S]*?)\n\]\)/.exec(read('scripts/layers.mjs'))![1]!
    const levels = [...source.matchAll(/\['([^']+)', (-?\d+)\]/g)]
    expect(levels.length).toBeGreaterThan(20)
    // Errors and ports have levels of their own below 0; the page shows them as the ground floor.
    const enforced = levels.map((match) => `${Math.max(0, Number(match[2]))} ${match[1]}`)
    const rows = [...section('Rooms and levels').matchAll(/^\| (\d) \| (.*) \|$/gm)]
    const entries = rows.filter((row) => row[1] === '6')
    expect(entries).toHaveLength(1)
    // What stands in brackets are parts of a room.
    const drawn = rows
      .filter((row) => row[1] !== '6')
      .flatMap((row) => named(row[2]!.replaceAll(/\([^)]*\)/g, '')).map((room) => `${row[1]} ${room}`))
    expect(drawn.toSorted()).toEqual(enforced.toSorted())
  })

  it('names ports that exist, and at least one of every file', () => {
    const rows = [...section('Ports').matchAll(/^\| (.*?) \| .* \| .* \|$/gm)]
    const ports = new Set(
      rows
        .slice(1)
        .flatMap((row) => named(row[1]!))
        .filter((name) => /^[A-Z]/.test(name))
    )
    expect(ports.size).toBeGreaterThan(8)
    const exported = new Set<string>()
    for (const file of readdirSync(new URL('src/runtime/ports/', root))) {
      const names = [...read(`src/runtime/ports/${file}`).matchAll(/^export (?:interface|type|class) (\w+)/gm)].map(
        (match) => match[1]!
      )
      for (const name of names) exported.add(name)
      if (!file.includes('error'))
        expect(
          names.some((name) => ports.has(name)),
          file
        ).toBe(true)
    }
    expect([...ports].filter((name) => !exported.has(name))).toEqual([])
  })
})
