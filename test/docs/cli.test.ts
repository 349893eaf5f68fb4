/** docs/cli.md names every command and every option that `--help` prints, and no other. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const sections = new Map(
  readFileSync(`${root}docs/cli.md`, 'utf8')
    .split(/^## /m)
    .map((text) => [text.slice(0, text.indexOf('\n')), text] as const)
)
const intro = [...sections.values()][0]!

async function help(...words: string[]): Promise<string> {
  return (await run(process.execPath, ['dist/cli/main.js', ...words, '--help'], { cwd: root })).stdout
}

/** `--name PLACEHOLDER`, as help prints them at the left and the page writes them into its tables. */
function helpOptions(text: string): string[] {
  return [...text.matchAll(/^ {2}(?:-\w, | {4})(--[\w-]+(?: \S+)?) {2}/gm)].map((match) => match[1]!.trim()).toSorted()
}
function pageOptions(text: string): string[] {
  return [...text.matchAll(/^\| (?:`-\w`, )?`(--[\w-]+(?: [^`]+)?)` \|/gm)].map((match) => match[1]!).toSorted()
}

const general = await help()
const commands = [
  ...general
    .split('Commands:')[1]!
    .split('\n\n')[0]!
    .matchAll(/^ {2}(\w+) {2}/gm)
].map((match) => match[1]!)

describe('docs/cli.md', () => {
  it('has one section per command', () => {
    expect(commands.length).toBeGreaterThan(4)
    const named = [...sections.keys()].filter((name) => /^[a-z]+$/.test(name))
    expect(named.toSorted()).toEqual(commands.toSorted())
  })

  it.each(commands)('names the options of %s', async (command) => {
    const section = sections.get(command) ?? ''
    const shared = section.includes('(#connection-options)') ? pageOptions(sections.get('Connection options')!) : []
    const options = [...pageOptions(section), ...shared, ...pageOptions(intro)]
    expect(options.toSorted()).toEqual(helpOptions(await help(command)))
  })

  it('lists the exit codes of the help', () => {
    const told = general.split('Exit codes:')[1]!.match(/\b\d+(?= [a-z])/g)
    const listed = [...sections.get('Exit codes')!.matchAll(/^\| (\d+) \|/gm)].map((match) => match[1])
    expect(listed).toEqual(told)
  })
})
