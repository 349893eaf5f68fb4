/** docs/errors.md has one row per code, in the order of the list, with phases that exist. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/errors.js'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/errors.md', root), 'utf8')
const rows = [...page.matchAll(/^\| `(ERR_\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)]
const union = /export type ErrorPhase =([\s\S]*?)\n\n/.exec(readFileSync(new URL('src/errors.ts', root), 'utf8'))![1]!
const phases = [...union.matchAll(/'(\w+)'/g)].map((match) => match[1]!)

describe('docs/errors.md', () => {
  it('has exactly one row per code', () => expect(rows.map((row) => row[1])).toEqual(ERROR_CODES))

  it.each(rows.map((row) => [row[1]!, row] as const))('%s says phase, meaning and what still works', (_code, row) => {
    for (const phase of row[2]!.split(', ')) expect([...phases, 'any']).toContain(phase)
    expect(row[3]!.trim()).not.toBe('')
    expect(row[4]!.trim()).not.toBe('')
  })

  it('lists every phase', () => {
    const listed = /^\| `phase` \|(.*)\|$/m.exec(page)![1]!
    expect([...listed.matchAll(/`(\w+)`/g)].map((match) => match[1])).toEqual(phases)
  })
})
