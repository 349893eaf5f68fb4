import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The source under test picks its Node leaf here; the built package picks it through package.json "imports". */
const resolve = { alias: [{ find: '#runtime', replacement: source('./src/runtime/node/index.ts') }] }

const outside = ['**/node_modules/**', 'test/runtime/**', 'test/consumers/**']
const ownProjects = ['test/examples/**', 'test/packed/**', 'test/interop/**', 'test/browser/**', 'test/docs/**']

/** One project per kind of test, so that the quick answer does not wait for the slow one. */
export default defineConfig({
  test: {
    // One worker less than there are cores is the default: on two cores, half of the time.
    maxWorkers: '100%',
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'test/**/*.fuzz.ts'],
          exclude: [...outside, ...ownProjects, 'test/**/*.slow.test.ts', 'test/**/*.isolated.test.ts'],
          testTimeout: 20_000,
          pool: 'forks',
          // Modules are loaded once per process, not once per file: a third of the time.
          isolate: false
        }
      },
      {
        // Tests about what a process has loaded.
        resolve,
        test: {
          name: 'isolated',
          include: ['test/**/*.isolated.test.ts'],
          exclude: [...outside, ...ownProjects],
          testTimeout: 60_000,
          pool: 'forks'
        }
      },
      {
        resolve,
        test: {
          name: 'slow',
          include: ['test/**/*.slow.test.ts'],
          exclude: [...outside, ...ownProjects],
          testTimeout: 300_000,
          pool: 'forks',
          fileParallelism: false
        }
      },
      {
        resolve,
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          exclude: outside,
          testTimeout: 60_000,
          pool: 'forks'
        }
      },
      {
        // Run against the built package: `npm run build` first.
        test: {
          name: 'examples',
          include: ['test/examples/**/*.test.ts', 'test/docs/**/*.test.ts'],
          exclude: outside,
          testTimeout: 120_000,
          pool: 'forks',
          fileParallelism: false
        }
      },
      {
        test: {
          name: 'packed',
          include: ['test/packed/**/*.test.ts'],
          exclude: outside,
          testTimeout: 240_000,
          pool: 'forks'
        }
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          exclude: outside,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          pool: 'forks',
          fileParallelism: false
        }
      }
    ]
  }
})
