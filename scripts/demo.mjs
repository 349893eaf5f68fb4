/**
 * `npm run demo`: the main job on the embedded devnet, from proof of work to the last token. Builds the package first
 * when it has not been built.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Newest modification time below a folder. */
function newest(directory) {
  return Math.max(
    ...readdirSync(directory, { withFileTypes: true }).map((entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs
    })
  )
}

const built = join(root, 'dist/index.js')
if (!existsSync(built) || statSync(built).mtimeMs < newest(join(root, 'src'))) {
  console.log('building the package …')
  const { status } = spawnSync('npm', ['run', '--silent', 'build:js', '--', '--silent'], {
    cwd: root,
    stdio: 'inherit'
  })
  if (status !== 0) process.exit(status ?? 1)
}
const { status } = spawnSync(process.execPath, [join(root, 'examples/demo/demo.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit'
})
process.exit(status ?? 1)
