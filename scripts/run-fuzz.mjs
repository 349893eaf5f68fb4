/**
 * `npm run test:fuzz [-- RUNS]`: every fuzz file with many runs per property (default 5000). CI runs the same files with the
 * small default budget.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const runs = process.argv[2] ?? '5000'
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'unit', 'fuzz', '--testTimeout', '600000'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FC_NUM_RUNS: runs }
})
process.exit(status ?? 1)
