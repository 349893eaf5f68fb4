import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeTextFile } from '../../src/cli/write-file.js'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cocoonkit-cli-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test.skipIf(process.platform === 'win32')(
  'a private file is for its owner, also when it was there before',
  async () => {
    const [fresh, old, open] = ['fresh', 'old', 'open'].map((name) => join(directory, name)) as [string, string, string]
    await writeFile(old, 'something longer than before', { mode: 0o644 })
    for (const path of [fresh, old]) {
      await writeTextFile(path, 'secret', true)
      expect(await readFile(path, 'utf8')).toBe('secret')
      expect((await stat(path)).mode & 0o777).toBe(0o600)
    }
    await writeTextFile(open, 'text')
    expect((await stat(open)).mode & 0o400).toBe(0o400)
    await writeTextFile('/dev/null', 'text', true)
  }
)
