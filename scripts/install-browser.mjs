/**
 * Finds what the browser tests start, or installs Debian's packages where that is possible: Chromium, and websockify, which
 * stands for relays that are not ours. Where it is not possible, says why and exits 0: the tests then skip with the same
 * reason.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const programs = [
  {
    package: 'chromium',
    paths: [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    without: 'the browser tests will skip (apt-get install chromium, or set CHROMIUM_PATH)'
  },
  {
    package: 'websockify',
    paths: ['/usr/bin/websockify'],
    without: 'the test through a foreign relay will skip (apt-get install websockify)'
  }
]
const found = ({ paths }) => paths.find((path) => path !== undefined && existsSync(path))

const missing = programs.filter((program) => found(program) === undefined)
const obstacle = whyNotInstall()
if (missing.length > 0 && obstacle === undefined) {
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  spawnSync('apt-get', ['update', '-qq'], options)
  // One by one: a system may have one of them and not the other.
  for (const program of missing) {
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', program.package], options)
  }
}
for (const program of programs) {
  const path = found(program)
  const how = missing.includes(program) ? 'installed ' : ''
  const reason = obstacle ?? 'apt-get could not install it'
  console.log(`${program.package}: ${path === undefined ? `none, ${reason}; ${program.without}` : how + path}`)
}

function whyNotInstall() {
  if (process.platform !== 'linux' || spawnSync('apt-get', ['--version']).status !== 0) return 'no apt-get here'
  return process.getuid?.() === 0 ? undefined : 'not root'
}
