/**
 * `npm test`: everything that proves the library on this machine, the quick part first.
 * `--quick` stops after the part that answers within minutes.
 *
 * Prints one closing line `N passed, N failed, N skipped` over all parts.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const quick = process.argv.includes('--quick')
const reports = `${root}.cache/test-reports`
rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })

// The whole of the long runs is `npm run test:slow`; here they take a part, so that the suite ends within CI's time.
process.env.CHAIN_RANDOM_MESSAGES ??= '1000'
process.env.CRASH_HUNT_ROUNDS ??= '60'

const totals = { passed: 0, failed: 0, skipped: 0 }
let broken = false

/** Runs a command with its output shown; returns whether it exited 0. */
function run(command, args) {
  const started = Date.now()
  console.log(`\n▶ ${command} ${args.join(' ')}`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: process.env })
  console.log(`◀ ${command} ${args.join(' ')}: exit ${status}, ${((Date.now() - started) / 1000).toFixed(1)} s`)
  return status === 0
}

/** Runs one vitest project, with others beside it, and adds the counts. */
function project(name, ...beside) {
  const file = `${reports}/${name}.json`
  const good = run('npx', [
    'vitest',
    'run',
    '--project',
    name,
    ...beside.flatMap((other) => ['--project', other]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`
  ])
  if (!good) broken = true
  if (!existsSync(file)) return
  const report = JSON.parse(readFileSync(file, 'utf8'))
  totals.passed += report.numPassedTests
  totals.failed += report.numFailedTests
  totals.skipped += report.numPendingTests
  for (const suite of report.testResults) {
    for (const test of suite.assertionResults) {
      if (test.status === 'pending' || test.status === 'skipped') console.log(`  skipped: ${test.fullName}`)
    }
  }
}

project('unit', 'isolated')
if (!quick) {
  if (!run('npm', ['run', '--silent', 'build'])) broken = true
  for (const name of ['examples', 'interop', 'packed', 'slow', 'browser']) project(name)
}

const summary = `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`
writeFileSync(`${reports}/summary.txt`, `${summary}\n`)
console.log(`\n${summary}`)
process.exit(broken || totals.failed > 0 || totals.passed === 0 ? 1 : 0)
