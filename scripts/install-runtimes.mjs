/**
 * Installs what `npm run test:matrix` runs in: the runtimes of test/runtime/package.json (from the npm registry, without
 * install scripts) and Debian's Firefox where that is possible. What cannot be installed is said, and its row then skips.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const directory = fileURLToPath(new URL('../test/runtime', import.meta.url))
// A registry that does not answer must not hold the rows that are there.
const TIMEOUT_MS = 240_000
// Where the registry has no packages of other platforms, the lock file lacks them, and newer npm refuses it as a whole. The
// versions that matter are exact in package.json as well.
const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
const isLocked =
  spawnSync('npm', ['ci', ...flags], { cwd: directory, stdio: 'ignore', timeout: TIMEOUT_MS }).status === 0
const isInstalled =
  isLocked ||
  spawnSync('npm', ['install', '--no-save', '--no-package-lock', ...flags], {
    cwd: directory,
    stdio: 'inherit',
    timeout: TIMEOUT_MS
  }).status === 0
console.log(
  isInstalled
    ? 'runtimes: installed into test/runtime'
    : 'runtimes: npm could not install test/runtime; rows without a program will skip'
)

const firefox = () =>
  [process.env.FIREFOX_PATH, '/usr/bin/firefox-esr', '/usr/bin/firefox']
    .filter(Boolean)
    .find((path) => existsSync(path))
if (firefox() !== undefined) {
  console.log(`firefox: ${firefox()}`)
} else if (
  process.platform !== 'linux' ||
  process.getuid?.() !== 0 ||
  spawnSync('apt-get', ['--version']).status !== 0
) {
  console.log('firefox: none found and nothing here may install it (set FIREFOX_PATH); its row will skip')
} else {
  const options = {
    timeout: TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  }
  spawnSync('apt-get', ['update', '-qq'], options)
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'firefox-esr'], options)
  console.log(
    firefox() === undefined ? 'firefox: apt-get could not install it; its row will skip' : `firefox: ${firefox()}`
  )
}
