/**
 * Packs the built package and installs the tarball into an empty project beside the suite, the way a consumer would. Its
 * dependencies are linked from this checkout, so that no registry is asked.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const SUITE_FILES = [
  'suite.mjs',
  'entry-process.mjs',
  'entry-worker.mjs',
  'entry-page.mjs',
  'entry-relay.mjs',
  'gateway-server.mjs',
  'entry-gateway-process.mjs',
  'entry-gateway-worker.mjs'
]

/**
 * Sets the project up; returns its directory, which the caller removes. It lies outside the checkout, so that no runtime
 * finds the checkout's own configuration above it.
 */
export function installPackedProject() {
  const project = mkdtempSync(join(tmpdir(), 'cocoonkit-matrix-'))
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, 'cocoonkit'), { recursive: true })
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  })
  const [{ filename }] = JSON.parse(output)
  execFileSync('tar', ['-xzf', join(project, filename), '-C', join(modules, 'cocoonkit'), '--strip-components=1'])
  for (const name of dependencyNames()) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'matrix-consumer', private: true, type: 'module' })
  )
  for (const file of SUITE_FILES) copyFileSync(join(root, 'test/runtime', file), join(project, file))
  return project
}

/** Direct dependencies of the package. */
function dependencyNames() {
  return Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies)
}

/**
 * Bundles an entry of the project for a platform without a module loader of its own for packages.
 *
 * @param {string} project
 * @param {string} entry
 * @param {string[]} conditions - Export conditions, as the platform's usual bundler sets them.
 * @returns {Promise<Map<string, Uint8Array>>} Files by name; the entry is `main.js`.
 */
export async function bundle(project, entry, conditions) {
  const result = await build({
    entryPoints: { main: join(project, entry) },
    absWorkingDir: project,
    bundle: true,
    write: false,
    format: 'esm',
    splitting: true,
    outdir: join(project, 'bundle'),
    target: 'es2023',
    platform: 'browser',
    conditions,
    external: ['cloudflare:*', '*.wasm'],
    metafile: true,
    // The checkout's own tsconfig maps #runtime for its tests; a consumer has no such map.
    tsconfigRaw: '{}',
    logLevel: 'error'
  })
  const builtIn = Object.keys(result.metafile.inputs).filter((path) => path.startsWith('node:'))
  if (builtIn.length > 0) throw new Error(`the bundle of ${entry} has Node built-ins: ${builtIn.join(', ')}`)
  return new Map(result.outputFiles.map((file) => [file.path.slice(join(project, 'bundle').length + 1), file.contents]))
}
