/**
 * One entry per public subpath and per runtime leaf; what several entries share is split into chunks, so that a bundle
 * takes only its rooms. Declarations are emitted by `tsc -p tsconfig.build.json` beside the output.
 */
import { existsSync } from 'node:fs'
import { defineConfig } from 'tsup'

/** Hand-kept, like `exports` in package.json: what is not listed is not public. */
const entries = {
  index: 'src/index.ts',
  attestation: 'src/attestation.ts',
  ton: 'src/ton.ts',
  envelope: 'src/envelope.ts',
  gateway: 'src/gateway.ts',
  relay: 'src/relay.ts',
  'relay-worker': 'src/relay-worker.ts',
  openai: 'src/openai.ts',
  'ai-sdk': 'src/ai-sdk.ts',
  langchain: 'src/langchain.ts',
  node: 'src/node.ts',
  browser: 'src/browser.ts',
  devnet: 'src/devnet.ts',
  unsafe: 'src/unsafe.ts',
  'cli/main': 'src/cli/main.ts',
  'runtime/default': 'src/runtime/default.ts',
  'runtime/node/index': 'src/runtime/node/index.ts',
  'runtime/bun/index': 'src/runtime/bun/index.ts',
  'runtime/deno/index': 'src/runtime/deno/index.ts',
  'runtime/workerd/index': 'src/runtime/workerd/index.ts',
  'runtime/browser/index': 'src/runtime/browser/index.ts'
}

export default defineConfig({
  entry: Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path))),
  format: 'esm',
  target: 'es2023',
  platform: 'neutral',
  splitting: true,
  treeshake: false,
  sourcemap: true,
  clean: true,
  dts: false,
  external: ['#runtime', /^node:/, /^cloudflare:/, /^cocoonkit(\/|$)/]
})
