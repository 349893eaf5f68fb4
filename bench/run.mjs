/**
 * Runs every benchmark of this folder, one after the other, each in a process of its own.
 *
 *   node bench/run.mjs [name …] [--quick]
 *
 * Without names: all. `--quick` is handed on; benchmarks that know it do less work, so that the run says whether they
 * work and not how fast. TypeScript ones are bundled for Node first. Exits 1 when one of them fails.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const folder = fileURLToPath(new URL('.', import.meta.url))
const root = join(folder, '..')
/** Servers and tables that benchmarks use; not benchmarks themselves. */
const HELPERS = new Set(['run.mjs', 'tls-server.mjs'])

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'))
const benches = readdirSync(folder)
  .filter((file) => /\.(ts|mjs)$/.test(file) && !HELPERS.has(file))
  .filter((file) => names.length === 0 || names.includes(file.replace(/\.\w+$/, '')))
  .toSorted()
if (benches.length === 0) {
  console.error(`no such benchmark: ${names.join(', ')}`)
  process.exit(1)
}

// Inside the project, so that packages which stay outside of the bundle are found.
const output = mkdtempSync(join(root, 'node_modules', '.bench-'))
let failed = 0
try {
  for (const file of benches) {
    console.log(`\n# ${file}`)
    const script = file.endsWith('.ts') ? await bundle(file) : join(folder, file)
    const { status } = spawnSync(process.execPath, ['--expose-gc', script, ...flags], { cwd: root, stdio: 'inherit' })
    if (status !== 0) {
      failed++
      console.error(`${file} failed with ${status}`)
    }
  }
} finally {
  rmSync(output, { recursive: true, force: true })
}
process.exit(failed > 0 ? 1 : 0)

async function bundle(file) {
  const outfile = join(output, file.replace(/\.ts$/, '.mjs'))
  await build({
    entryPoints: [join(folder, file)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error'
  })
  return outfile
}
