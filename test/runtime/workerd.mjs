/**
 * Runs the suite in workerd itself, without a simulator around it: a configuration, one worker, loopback allowed.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from './project.mjs'

/** Release of the platform's behaviour that the worker asks for. */
const COMPATIBILITY_DATE = '2026-01-01'
/** As wrangler sets them. */
const CONDITIONS = ['workerd', 'worker', 'browser', 'import']

/** Posts a configuration to the suite in workerd and returns the suite's result. */
export async function runInWorkerd(binary, project, config, timeoutMs) {
  const workerd = await startWorkerd(binary, project, 'entry-worker.mjs', {})
  try {
    const response = await fetch(`http://127.0.0.1:${workerd.port}/`, {
      method: 'POST',
      body: JSON.stringify(config),
      signal: AbortSignal.timeout(timeoutMs)
    })
    if (!response.ok) throw new Error(`HTTP ${response.status}: ${(await response.text()).slice(0, 500)}`)
    return await response.json()
  } catch (error) {
    throw new Error(`${error.message} ${workerd.errors()}`.trim(), { cause: error })
  } finally {
    workerd.close()
  }
}

/**
 * Bundles an entry of the project as wrangler would and serves it on a free port of loopback.
 *
 * @param {string} binary
 * @param {string} project
 * @param {string} entry
 * @param {Record<string, unknown>} bindings - JSON values that the worker finds in `env`.
 * @param {string | undefined} objectClass - Class of Durable Objects that the worker exports; `env.OBJECTS` makes them.
 */
export async function startWorkerd(binary, project, entry, bindings, objectClass) {
  const directory = mkdtempSync(join(project, 'workerd-'))
  const files = await bundle(project, entry, CONDITIONS)
  // Deployed beside the bundle, since nothing is compiled there.
  if (entry === 'entry-worker.mjs') files.set('pow.wasm', await packedPowModule(project))
  for (const [name, contents] of files) writeFileSync(join(directory, name), contents)
  writeFileSync(join(directory, 'config.capnp'), configuration([...files.keys()], bindings, objectClass))
  const child = spawn(binary, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe']
  })
  let errors = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => (errors = (errors + data).slice(-4000)))
  const close = () => child.kill('SIGKILL')
  try {
    return { port: await listeningPort(child), errors: () => errors, close }
  } catch (error) {
    close()
    throw new Error(`${error.message} ${errors}`.trim(), { cause: error })
  }
}

/** As `createPowModule` of the packed package makes it. */
async function packedPowModule(project) {
  const entry = pathToFileURL(join(project, 'node_modules/cocoonkit/dist/browser.js'))
  return (await import(entry.href)).createPowModule()
}

/** The entry goes first: workerd takes the first module as the worker's. */
function configuration(names, bindings, objectClass) {
  const ordered = ['main.js', ...names.filter((name) => name !== 'main.js')]
  const modules = ordered.map(
    (name) => `(name = "${name}", ${name.endsWith('.wasm') ? 'wasm' : 'esModule'} = embed "${name}")`
  )
  const values = Object.entries(bindings).map(([name, value]) => {
    return `(name = "${name}", json = ${JSON.stringify(JSON.stringify(value))})`
  })
  if (objectClass !== undefined) values.push(`(name = "OBJECTS", durableObjectNamespace = "${objectClass}")`)
  const objects =
    objectClass === undefined
      ? ''
      : `durableObjectNamespaces = [(className = "${objectClass}", uniqueKey = "matrix")], durableObjectStorage = (inMemory = void),`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [${modules.join(', ')}],
      bindings = [${values.join(', ')}],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      ${objects}
      globalOutbound = "loopback"
    )),
    (name = "loopback", network = (allow = ["private"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
`
}

/** The port that workerd announces on its control descriptor. */
function listeningPort(child) {
  return new Promise((resolve, reject) => {
    let announced = ''
    child.stdio[3].on('data', (data) => {
      announced += data
      const port = /"event":"listen".*?"port":(\d+)/.exec(announced)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code}`)))
  })
}
