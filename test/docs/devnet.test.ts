/** docs/devnet.md names every option, fault, TEE fault and cheat of the devnet, in the devnet's own words. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DEVNET_CHAIN_CHEATS, DEVNET_FAULTS, DEVNET_TEE_FAULTS } from '../../src/devnet/index.js'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/devnet.md', root), 'utf8')

function rowsOf(from: string, to: string): string[] {
  const text = page.slice(page.indexOf(`\n## ${from}\n`), to === '' ? undefined : page.indexOf(`\n## ${to}\n`))
  return [...text.matchAll(/^\| `([^`]+)` \| ([^|]*) \|/gm)].map((match) => `${match[1]}: ${match[2]}`).toSorted()
}
const told = (entries: Readonly<Record<string, string>>): string[] =>
  Object.entries(entries)
    .map(([name, meaning]) => `${name}: ${meaning}`)
    .toSorted()

describe('docs/devnet.md', () => {
  it('lists the faults', () => expect(rowsOf('Faults', 'TEE faults')).toEqual(told(DEVNET_FAULTS)))

  it('lists the faults of evidence', () => {
    const faults = new Set(DEVNET_TEE_FAULTS.map(({ name, meaning }) => `${name}: ${meaning}`))
    expect(rowsOf('TEE faults', 'Cheats on chain')).toEqual([...faults].toSorted())
  })

  it('names the check that refuses each of them, and links its page', () => {
    for (const { name, meaning, kind, expected } of DEVNET_TEE_FAULTS) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` | ${meaning} |`)) ?? ''
      const [tdx, snp] = row.split(' | ').slice(2)
      expect(kind === 'tdx' ? tdx : snp).toContain(expected === undefined ? 'nothing' : `(checks/${expected}.md)`)
      if (expected !== undefined) expect(existsSync(new URL(`docs/checks/${expected}.md`, root)), expected).toBe(true)
    }
  })

  it('lists the cheats', () => expect(rowsOf('Cheats on chain', '')).toEqual(told(DEVNET_CHAIN_CHEATS)))

  it('names every option', () => {
    const source = readFileSync(new URL('src/devnet/options.ts', root), 'utf8').split('interface DevnetOptions {')[1]!
    const options = [...source.split('\n}\n')[0]!.matchAll(/^ {2}readonly (\w+)\?:/gm)].map((match) => match[1]!)
    expect(options.length).toBeGreaterThan(20)
    const table = page.slice(page.indexOf('\n## Options\n'), page.indexOf('\n## The description file\n'))
    const named = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap((row) =>
      [...row[1]!.matchAll(/`(\w+)`/g)].map((match) => match[1])
    )
    expect(named.toSorted()).toEqual(options.toSorted())
  })
})
