import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [{ find: '#runtime', replacement: source('./src/runtime/node/index.ts') }]
  },
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.fuzz.ts'],
    exclude: ['**/node_modules/**', 'test/runtime/**', 'test/consumers/**'],
    testTimeout: 20_000,
    pool: 'forks'
  }
})
