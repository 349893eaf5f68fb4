/**
 * `npm run test:matrix`: one portable suite (test/runtime/suite.mjs) on the built and packed package in every runtime that
 * is here. Prints a table; a runtime that is missing is a row that says so.
 *
 * `--install` installs the runtimes first, `--no-build` takes dist/ as it is, `--only NAME` runs rows whose name contains
 * it, `--write` also writes docs/runtimes.md.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: flags } = parseArgs({
  options: {
    install: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false }
  }
})

/** Easier than the real network's 20: the suite connects some twenty times, and the solver has a step of its own. */
const DIFFICULTY_BITS = 16
/** More than anybody finishes: the solver's speed is measured, then it is aborted. */
const HARD_BITS = 48

function must(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

if (flags.install) must(process.execPath, ['scripts/install-runtimes.mjs'])
if (!flags['no-build']) must('npm', ['run', '--silent', 'build:js'])

const { Cocoon } = await import('cocoonkit')
const { startDevnet } = await import('cocoonkit/devnet')
const { startRelay } = await import('cocoonkit/relay')
const { ROWS, versionOf } = await import('../test/runtime/rows.mjs')
const { installPackedProject } = await import('../test/runtime/project.mjs')
const { servePage } = await import('../test/runtime/browsers.mjs')
const { runGatewaySuite } = await import('../test/runtime/gateway-suite.mjs')
const { renderTable, replaceTable } = await import('../test/runtime/table.mjs')

const started = Date.now()
const project = installPackedProject()
const devnet = await startDevnet({ difficultyBits: DIFFICULTY_BITS })
const hard = await startDevnet({ difficultyBits: HARD_BITS })
const encrypted = await startDevnet({ difficultyBits: DIFFICULTY_BITS, encryption: true, tokenDelayMs: 5 })
const page = await servePage(project)
const targets = [devnet, hard, encrypted].flatMap(({ network }) => network.proxies)
const relay = await startRelay({ targets, origins: [page.origin] })
const config = { description: devnet.describe(), hard: hard.describe(), encrypted: encrypted.describe() }
const configServer = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(config))
})
await new Promise((resolve) => configServer.listen(0, '127.0.0.1', resolve))
const setting = {
  project,
  config,
  configUrl: `http://127.0.0.1:${configServer.address().port}/`,
  relayConfig: { ...config, relayUrl: relay.url },
  origin: page.origin,
  targets
}

const results = []
for (const row of ROWS.filter(({ name }) => name.toLowerCase().includes(flags.only.toLowerCase()))) {
  const result = await runRow(row)
  results.push(result)
  console.log(oneLine(result))
}

configServer.close()
page.close()
await relay.close()
await devnet.close()
await hard.close()
await encrypted.close()
rmSync(project, { recursive: true, force: true })

console.log(`\n${renderTable(results)}`)
const count = (outcome) => results.filter((result) => result.outcome === outcome).length
console.log(
  `${count('pass')} passed, ${count('fail')} failed, ${count('skip')} skipped in ${((Date.now() - started) / 1000).toFixed(0)} s`
)
if (flags.write && flags.only === '') {
  const path = `${root}docs/runtimes.md`
  writeFileSync(path, replaceTable(readFileSync(path, 'utf8'), `${renderTable(results)}\n\n${loadNote()}`))
}
process.exit(count('fail') > 0 || count('pass') === 0 ? 1 : 0)

/** Figures of a busy machine must not be read as those of an idle one. */
function loadNote() {
  return `Load average during this run: ${loadavg()[1].toFixed(0)} on ${availableParallelism()} cores.`
}

async function runRow(row) {
  const found = row.find()
  const about = { name: row.name, transport: row.transport, leaf: row.leaf }
  if ('skip' in found) return { ...about, outcome: 'skip', reason: found.skip }
  const rowStarted = Date.now()
  try {
    const version = versionOf(row, found.path)
    const { steps, figures } = await row.run(found.path, setting)
    steps.push(...(await runGateway(row, found.path)))
    const failed = steps.filter((step) => !step.ok)
    const seconds = (Date.now() - rowStarted) / 1000
    return { ...about, outcome: failed.length === 0 ? 'pass' : 'fail', version, steps, figures, seconds, failed }
  } catch (error) {
    return { ...about, outcome: 'fail', reason: error.message, seconds: (Date.now() - rowStarted) / 1000 }
  }
}

/** The gateway's steps where the runtime can be a server; one that does not start is a step that failed. */
async function runGateway(row, path) {
  if (row.serveGateway === undefined) return []
  const gatewayStarted = Date.now()
  let server
  try {
    server = await row.serveGateway(path, setting)
    return await runGatewaySuite(Cocoon, `http://127.0.0.1:${server.port}`, config.encrypted)
  } catch (error) {
    return [{ name: 'gateway: start', ok: false, ms: Date.now() - gatewayStarted, error: error.message }]
  } finally {
    server?.close()
  }
}

function oneLine({ name, version = '', outcome, reason, steps = [], failed = [], figures = {}, seconds = 0 }) {
  const head = `${outcome.toUpperCase().padEnd(4)} ${`${name} ${version}`.padEnd(24)}`
  if (reason !== undefined) return `${head} ${reason}`
  const passed = `${steps.length - failed.length}/${steps.length} steps`
  const measured = `TLS ${figures.handshakeMs?.toFixed(1)} ms, PoW ${figures.powMegahashesPerSecond?.toFixed(1)} MH/s`
  return [
    `${head} ${passed}, ${measured}, ${seconds.toFixed(1)} s`,
    ...failed.map((step) => `       ${step.name}: ${step.error}`)
  ].join('\n')
}
