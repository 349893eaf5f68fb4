/**
 * Runs every generator in its `--check` mode: committed generated files must equal what the generators write today.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const generators = ['scripts/generate-pow.mjs', 'scripts/generate-check-pages.mjs', 'scripts/build-contracts.mjs']

let failed = 0
for (const generator of generators) {
  if (!existsSync(`${root}${generator}`)) throw new Error(`${generator} is missing`)
  const { status } = spawnSync(process.execPath, [generator, '--check'], { cwd: root, stdio: 'inherit' })
  console.log(`${generator}: ${status === 0 ? 'up to date' : 'differs'}`)
  if (status !== 0) failed++
}
process.exit(failed > 0 ? 1 : 0)
