/**
 * The rows of the matrix: how each runtime is found, what it is called, how the suite runs in it.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInChromium, runInFirefox } from './browsers.mjs'
import { run, serve } from './processes.mjs'
import { runInWorkerd, startWorkerd } from './workerd.mjs'

/** Longest time of one runtime, milliseconds. */
const ROW_TIMEOUT_MS = 120_000
const modules = fileURLToPath(new URL('node_modules', import.meta.url))
const WORKERD_PACKAGES = [
  '@cloudflare/workerd-linux-64',
  '@cloudflare/workerd-linux-arm64',
  '@cloudflare/workerd-darwin-arm64',
  '@cloudflare/workerd-darwin-64'
]
const CHROMIUM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const NOT_INSTALLED = 'not installed: npm run test:matrix -- --install'

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {'tcp' | 'relay' | 'worker-relay'} transport
 * @property {string} leaf - What `#runtime` resolves to.
 * @property {() => { path: string } | { skip: string }} find
 * @property {string[]} versionArguments
 * @property {(path: string, setting: Setting) => Promise<object>} run
 * @property {(path: string, setting: Setting) => Promise<Server>} [serveGateway] - Where the runtime can be a server.
 *
 * @typedef {{ port: number, errors: () => string, close: () => void }} Server
 *
 * @typedef {object} Setting
 * @property {string} project
 * @property {string} configUrl - Of the configuration without a relay.
 * @property {object} config
 * @property {object} relayConfig
 * @property {string} origin - Of the page.
 * @property {string[]} targets - The proxies, for relays.
 */

/** @type {Row[]} */
export const ROWS = [
  ...['20', '22', '24'].map((major) => processRow(`Node ${major}`, 'node', () => findNode(major), [])),
  processRow(
    'Bun',
    'bun',
    () =>
      findPackaged(
        ['@oven/bun-linux-x64', '@oven/bun-linux-aarch64', '@oven/bun-darwin-aarch64', '@oven/bun-darwin-x64'],
        'bin/bun'
      ),
    ['run']
  ),
  processRow(
    'Deno',
    'deno',
    () =>
      findPackaged(
        ['@deno/linux-x64-glibc', '@deno/linux-arm64-glibc', '@deno/darwin-arm64', '@deno/darwin-x64'],
        'deno'
      ),
    ['run', '--allow-net=127.0.0.1', '--node-modules-dir=manual', '--no-lock']
  ),
  {
    name: 'workerd',
    transport: 'tcp',
    leaf: 'workerd',
    find: findWorkerd,
    versionArguments: ['--version'],
    run: (path, { project, config }) => runInWorkerd(path, project, config, ROW_TIMEOUT_MS),
    serveGateway: (path, { project, config }) => {
      const bindings = { DESCRIPTION: config.encrypted }
      return startWorkerd(path, project, 'entry-gateway-worker.mjs', bindings, 'GatewayObject')
    }
  },
  {
    name: 'Chromium',
    transport: 'relay',
    leaf: 'browser',
    find: () => findProgram(process.env.CHROMIUM_PATH, CHROMIUM_PATHS),
    versionArguments: ['--version', '--no-sandbox'],
    run: (path, { origin, relayConfig }) => runInChromium(path, origin, relayConfig, ROW_TIMEOUT_MS)
  },
  {
    name: 'Chromium, Worker relay',
    transport: 'worker-relay',
    leaf: 'browser',
    find: () => {
      const workerd = findWorkerd()
      return 'skip' in workerd
        ? { skip: `workerd ${workerd.skip}` }
        : findProgram(process.env.CHROMIUM_PATH, CHROMIUM_PATHS)
    },
    versionArguments: ['--version', '--no-sandbox'],
    async run(path, { project, origin, config, targets }) {
      const bindings = { TARGETS: targets, ORIGINS: [origin] }
      const relay = await startWorkerd(findWorkerd().path, project, 'entry-relay.mjs', bindings)
      try {
        return await runInChromium(
          path,
          origin,
          { ...config, relayUrl: `ws://127.0.0.1:${relay.port}` },
          ROW_TIMEOUT_MS
        )
      } finally {
        relay.close()
      }
    }
  },
  {
    name: 'Firefox',
    transport: 'relay',
    leaf: 'browser',
    find: () => {
      if (!existsSync(join(modules, 'puppeteer-core'))) return { skip: `puppeteer-core ${NOT_INSTALLED}` }
      return findProgram(process.env.FIREFOX_PATH, ['/usr/bin/firefox-esr', '/usr/bin/firefox'])
    },
    versionArguments: ['--version'],
    run: (path, { origin, relayConfig }) => runInFirefox(path, origin, relayConfig, ROW_TIMEOUT_MS)
  }
]

/** The version that a program names, shortened to its number. */
export function versionOf({ versionArguments }, path) {
  const text = execFileSync(path, versionArguments, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 20_000
  })
  return /\d+[\d.]*(?:-\d\d-\d\d)?(?:esr)?/.exec(text)?.[0] ?? text.trim().slice(0, 30)
}

function processRow(name, leaf, find, flags) {
  return {
    name,
    transport: 'tcp',
    leaf,
    find,
    versionArguments: ['--version'],
    async run(path, { project, configUrl }) {
      const args = [...flags, 'entry-process.mjs', configUrl]
      const output = await run(path, args, {
        cwd: project,
        timeoutMs: ROW_TIMEOUT_MS,
        env: { DENO_NO_UPDATE_CHECK: '1' }
      })
      const line = /^matrix-result (.*)$/m.exec(output)?.[1]
      if (line === undefined) throw new Error(`no result: ${output.slice(-500)}`)
      return JSON.parse(line)
    },
    serveGateway: (path, { project, configUrl }) =>
      serve(path, [...flags, 'entry-gateway-process.mjs', configUrl], {
        cwd: project,
        timeoutMs: ROW_TIMEOUT_MS,
        env: { DENO_NO_UPDATE_CHECK: '1' }
      })
  }
}

/** The Node that runs the matrix stands for its own major version. */
function findNode(major) {
  if (process.versions.node.startsWith(`${major}.`)) return { path: process.execPath }
  return findPackaged([`node${major}`], 'bin/node')
}

function findWorkerd() {
  return findPackaged(WORKERD_PACKAGES, 'bin/workerd')
}

/** A program inside an npm package of the platform; the packages' install scripts are never run. */
function findPackaged(names, program) {
  const path = names.map((name) => join(modules, name, program)).find((candidate) => existsSync(candidate))
  return path === undefined ? { skip: NOT_INSTALLED } : { path }
}

function findProgram(given, usual) {
  if (given !== undefined) return existsSync(given) ? { path: given } : { skip: `${given} does not exist` }
  const path = usual.find((candidate) => existsSync(candidate))
  return path === undefined ? { skip: `none of ${usual.join(', ')} exists` } : { path }
}
