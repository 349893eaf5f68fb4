/**
 * Time to import the root entry of the built package, in fresh processes, beside an empty module as the floor.
 *
 *   npm run build:js && node bench/run.mjs import-time [--quick]
 *
 * Prints one JSON object: medians in milliseconds of the wall clock and of processor time.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const entry = new URL('../dist/index.js', import.meta.url)
if (!existsSync(fileURLToPath(entry))) {
  console.error('dist/index.js is missing: run npm run build:js first')
  process.exit(1)
}
const rounds = process.argv.includes('--quick') ? 5 : 25

const script = (url) => `
  const before = process.cpuUsage(); const start = performance.now()
  await import(${JSON.stringify(url)})
  const ms = performance.now() - start; const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify([ms, (user + system) / 1000]))`

function median(values) {
  return Number(values.toSorted((a, b) => a - b)[values.length >> 1].toFixed(1))
}

function measure(url) {
  const wall = []
  const processor = []
  for (let round = 0; round < rounds; round++) {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script(url)], { encoding: 'utf8' })
    const [ms, cpuMs] = JSON.parse(stdout)
    wall.push(ms)
    processor.push(cpuMs)
  }
  return { wallMs: median(wall), processorMs: median(processor) }
}

const empty = measure('data:text/javascript,')
const root = measure(entry.href)
console.log(JSON.stringify({ rounds, root, empty }))
