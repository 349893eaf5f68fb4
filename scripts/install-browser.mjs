/**
 * Finds Chromium for the browser tests, or installs Debian's package where that is possible. Where it is not, says why and
 * exits 0: the browser tests then skip with the same reason.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const candidates = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome'
].filter(Boolean)
const found = () => candidates.find((path) => existsSync(path))

if (found() !== undefined) {
  console.log(`browser: ${found()}`)
} else if (process.platform !== 'linux' || spawnSync('apt-get', ['--version']).status !== 0) {
  console.log('browser: none found and no apt-get here; the browser tests will skip (set CHROMIUM_PATH to run them)')
} else if (process.getuid?.() !== 0) {
  console.log(
    'browser: none found and not root; the browser tests will skip (apt-get install chromium, or set CHROMIUM_PATH)'
  )
} else {
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  spawnSync('apt-get', ['update', '-qq'], options)
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options)
  console.log(
    found() === undefined
      ? 'browser: apt-get could not install chromium; the browser tests will skip'
      : `browser: installed ${found()}`
  )
}
